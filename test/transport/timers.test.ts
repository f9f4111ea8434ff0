import { expect, it, vi } from 'vitest';
import { LONGEST_WAIT_MS, pause, within } from '../../src/transport/timers.ts';

/** Too long for a timer of Node.js, which would fire after 1 ms. */
const TOO_LONG = [LONGEST_WAIT_MS + 1, 9_999_999_000, Number.POSITIVE_INFINITY];

it.each(TOO_LONG)('a limit of %d ms does not expire at once', async (timeoutMs) => {
  const spy = vi.spyOn(globalThis, 'setTimeout');
  const work = (): Promise<string> => Promise.resolve('done');
  expect(await within({ timeoutMs }, () => new Error('late'), work)).toBe('done');
  expect(spy.mock.calls.at(-1)?.[1]).toBe(LONGEST_WAIT_MS);
  spy.mockRestore();
});

it.each(TOO_LONG)('a pause of %d ms does not end at once', async (ms) => {
  const spy = vi.spyOn(globalThis, 'setTimeout');
  const stop = new AbortController();
  const waiting = pause(ms, stop.signal);
  expect(spy.mock.calls.at(-1)?.[1]).toBe(LONGEST_WAIT_MS);
  spy.mockRestore();
  stop.abort(new Error('stop'));
  await expect(waiting).rejects.toThrow('stop');
});
