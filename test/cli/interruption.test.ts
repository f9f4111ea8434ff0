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

describe('a terminal that is closed', () => {
  it('stops in an orderly way, however often it says so', () => {
    const stop = interruption(io, () => undefined);
    press('SIGHUP');
    expect(stop.asked()).toBe(true);
    vi.advanceTimersByTime(60_000);
    press('SIGHUP');
    expect(quit).not.toHaveBeenCalled();
  });

  it('does not keep a SIGTERM from ending the process at once', () => {
    interruption(io, () => undefined);
    press('SIGHUP');
    vi.advanceTimersByTime(1000);
    press('SIGTERM');
    expect(quit).toHaveBeenCalledExactlyOnceWith(130);
  });
});

describe('Ctrl-C', () => {
  it('once stops in an orderly way and says how to stop at once', () => {
    const notices: string[] = [];
    const stop = interruption(io, (text) => notices.push(text));
    press();
    expect(stop.signal.reason).toBeInstanceOf(Interrupted);
    expect(stop.asked()).toBe(true);
    expect(notices.join()).toContain('press Ctrl-C again');
    expect(quit).not.toHaveBeenCalled();
  });

  it('twice gives the terminal back and ends with 130', () => {
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

  it('that npm passes on a second time counts once', () => {
    interruption(io, () => undefined);
    press();
    vi.advanceTimersByTime(20);
    press();
    expect(quit).not.toHaveBeenCalled();
  });

  it('is nobody’s any more once it is released', () => {
    interruption(io, () => undefined).release();
    expect(handlers).toEqual([]);
  });
});
