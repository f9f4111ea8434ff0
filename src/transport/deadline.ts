import { after } from './pause.ts';

/** What bounds a piece of work. */
export interface Bounds {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Does `work` within a time. When the time is over, or `signal` is aborted, it rejects at once (with what `late` makes, or
 * the signal's reason) and aborts the signal that `work` was given, on which `work` lets go of all that it holds.
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
