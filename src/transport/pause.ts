/** The longest that a timer of Node.js can wait, about 24 days: a longer one would end after 1 ms. */
export const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Calls `done` after so many milliseconds, `LONGEST_WAIT_MS` at most. */
export function after(ms: number, done: () => void): NodeJS.Timeout {
  return setTimeout(done, Math.min(ms, LONGEST_WAIT_MS));
}

/** Waits so many milliseconds; throws the reason of `signal`. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** Waits. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = after(ms, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}
