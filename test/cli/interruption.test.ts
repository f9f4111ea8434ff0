import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { interruption, Interrupted } from '../../src/cli/interruption.ts';
import type { InterruptSignal, Io } from '../../src/cli/io.ts';
import { GuardedOutput } from '../../src/render/output.ts';

const handlers: ((signal?: InterruptSignal) => void)[] = [];
const quit = vi.fn<Io['quit']>();
const io: Io = {
  stdout: new GuardedOutput(process.stdout),
  stderr: new GuardedOutput(process.stderr),
  env: {},
  cwd: '/',
  isTTY: false,
  quit,
  onInterrupt: (handler) => {
    handlers.push(handler);
    return () => void handlers.splice(handlers.indexOf(handler), 1);
  },
};
const press = (signal?: InterruptSignal): void => handlers.forEach((handler) => handler(signal));

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  handlers.length = 0;
  quit.mockReset();
});

describe('a closed terminal', () => {
  it('stops the command in an orderly way, however many signals it sends', () => {
    const stop = interruption(io, () => undefined);
    press('SIGHUP');
    expect(stop.asked()).toBe(true);
    vi.advanceTimersByTime(60_000);
    press('SIGHUP');
    expect(quit).not.toHaveBeenCalled();
  });

  it('does not prevent a SIGTERM from ending the process immediately', () => {
    interruption(io, () => undefined);
    press('SIGHUP');
    vi.advanceTimersByTime(1000);
    press('SIGTERM');
    expect(quit).toHaveBeenCalledExactlyOnceWith(130);
  });
});

describe('Ctrl-C', () => {
  it('once stops in an orderly way and says how to quit immediately', () => {
    const notices: string[] = [];
    const stop = interruption(io, (text) => notices.push(text));
    press();
    expect(stop.signal.reason).toBeInstanceOf(Interrupted);
    expect(stop.asked()).toBe(true);
    expect(notices.join()).toContain('press Ctrl-C again');
    expect(quit).not.toHaveBeenCalled();
  });

  it('twice restores the terminal and exits with 130', () => {
    const left: string[] = [];
    interruption(
      io,
      () => undefined,
      () => left.push('left'),
    );
    press();
    vi.advanceTimersByTime(1000);
    press();
    expect(left).toEqual(['left']);
    expect(quit).toHaveBeenCalledExactlyOnceWith(130);
  });

  it('that npm forwards a second time counts once', () => {
    interruption(io, () => undefined);
    press();
    vi.advanceTimersByTime(20);
    press();
    expect(quit).not.toHaveBeenCalled();
  });

  it('has its default action again after the release', () => {
    interruption(io, () => undefined).release();
    expect(handlers).toEqual([]);
  });

  it('can be heard by any number of running scripts, without a warning of Node.js', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    const { signal } = interruption(io, () => undefined);
    for (let script = 0; script < 40; script += 1) signal.addEventListener('abort', () => undefined);
    await new Promise((resolve) => process.nextTick(resolve));
    process.off('warning', listen);
    expect(warnings).toEqual([]);
  });
});
