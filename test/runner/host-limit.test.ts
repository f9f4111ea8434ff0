import { expect, it } from 'vitest';
import { HostLimit } from '../../src/runner/host-limit.ts';

/** Work that goes on until it is told to end. */
function work(
  limit: HostLimit,
  host: string,
): { readonly begun: () => boolean; readonly end: () => Promise<void> } {
  let begun = false;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const all = limit.run(host, () => {
    begun = true;
    return finished;
  });
  return {
    begun: () => begun,
    end: () => {
      finish();
      return all;
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('counts hosts, not the phases that work on them', async () => {
  const limit = new HostLimit(1);
  const [first, second, other] = [work(limit, 'c1'), work(limit, 'c1'), work(limit, 'c2')];
  await settled();
  expect([first, second, other].map(({ begun }) => begun())).toEqual([true, true, false]);
  await first.end();
  await settled();
  expect(other.begun()).toBe(false);
  await second.end();
  await settled();
  expect(other.begun()).toBe(true);
});

it('admits waiting hosts after a failure too, in the order of arrival', async () => {
  const limit = new HostLimit(1);
  const order: string[] = [];
  const told = (host: string): Promise<void> =>
    limit.run(host, () => {
      order.push(host);
      return Promise.resolve();
    });
  await Promise.all([
    expect(limit.run('c1', () => Promise.reject(new Error('no')))).rejects.toThrow('no'),
    told('c2'),
    told('c3'),
  ]);
  expect(order).toEqual(['c2', 'c3']);
});

it('admits another host while one pauses, and the paused one again after that', async () => {
  const limit = new HostLimit(1);
  const order: string[] = [];
  let resume = (): void => undefined;
  const until = new Promise<void>((come) => (resume = come));
  const paused = limit.run('c1', async () => {
    order.push('c1 pauses');
    await limit.pause('c1', () => until);
    order.push('c1 resumes');
  });
  const other = work(limit, 'c2');
  await settled();
  expect(other.begun()).toBe(true);
  resume();
  await settled();
  expect(order).toEqual(['c1 pauses']);
  await other.end();
  await paused;
  expect(order).toEqual(['c1 pauses', 'c1 resumes']);
});
