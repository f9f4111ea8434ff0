/** The longest timer of Node.js, about 24 days: a longer one fires after 1 ms. */
export const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Calls `done` after `ms` milliseconds, at most `LONGEST_WAIT_MS`. */
export function after(ms: number, done: () => void): NodeJS.Timeout {
  return setTimeout(done, Math.min(ms, LONGEST_WAIT_MS));
}

/** Sleeps for `ms` milliseconds; rejects with the reason of `signal` when it aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** See `Pause`. */
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

interface Bounds {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs `work` with a time limit. On timeout, or when `signal` aborts, it rejects at once (with the result of `late`, or with
 * the signal's reason) and aborts the signal passed to `work`, which then has to release everything it holds.
 */
export async function within<T>(
  { timeoutMs, signal }: Bounds,
  late: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const attempt = new AbortController();
  const timer = after(timeoutMs, () => attempt.abort(late()));
  const onAbort = (): void => attempt.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const over = new Promise<never>((_, reject) => {
    attempt.signal.addEventListener('abort', () => reject(attempt.signal.reason as Error), { once: true });
  });
  try {
    return await Promise.race([work(attempt.signal), over]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
