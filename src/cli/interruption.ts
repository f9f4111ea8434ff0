import { EXIT, type Io } from './io.ts';

/**
 * Milliseconds in which a second signal is the same key press: npm and tsx pass a Ctrl-C on to their child, which got it
 * from the terminal already.
 */
const SAME_PRESS_MS = 400;

/** How a running command is told to stop. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** True once the user has asked. */
  readonly asked: () => boolean;
  /** Leaves Ctrl-C to whoever comes next. */
  readonly release: () => void;
}

/** The reason of an aborted `signal`. */
export class Interrupted extends Error {
  override name = 'Interrupted';
}

/**
 * The first Ctrl-C, SIGTERM or SIGHUP stops what is in flight in an orderly way, the second ends the process at once with
 * 130; `leave` is called before that. A terminal that closes sends SIGHUP more than once (the kernel does, and so does its
 * shell): only the first of them counts, because there is no one who pressed a key.
 */
export function interruption(
  io: Io,
  notice: (text: string) => void,
  leave: () => void = () => undefined,
): Interruption {
  const controller = new AbortController();
  let askedAt = 0;
  const release = io.onInterrupt((signal) => {
    if (controller.signal.aborted) {
      if (signal === 'SIGHUP') return;
      if (Date.now() - askedAt < SAME_PRESS_MS) return;
      leave();
      io.quit(EXIT.interrupted);
      return;
    }
    askedAt = Date.now();
    notice('Stopping what is in flight; press Ctrl-C again to quit at once.');
    controller.abort(new Interrupted('interrupted'));
  });
  return { signal: controller.signal, asked: () => controller.signal.aborted, release };
}
