import { setMaxListeners } from 'node:events';
import { EXIT, type Io } from './io.ts';

/** Milliseconds within which a second signal is the same Ctrl-C: npm and tsx forward it to a child that already got it. */
const SAME_PRESS_MS = 400;

/** The user's request to stop a running command. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Whether the user has asked to stop. */
  readonly asked: () => boolean;
  /** Stops listening for signals. */
  readonly release: () => void;
}

/** The reason with which `signal` is aborted. */
export class Interrupted extends Error {
  override name = 'Interrupted';
}

/**
 * The first Ctrl-C, SIGTERM or SIGHUP stops running commands in an orderly way; the second calls `leave` and ends the
 * process immediately with 130. Of several SIGHUPs only the first counts: a terminal that closes sends more than one (from
 * the kernel and from its shell).
 */
export function interruption(
  io: Io,
  notice: (text: string) => void,
  leave: () => void = () => undefined,
): Interruption {
  const controller = new AbortController();
  // Each script that runs on a host listens until it ends; Node.js warns of a leak beyond ten.
  setMaxListeners(0, controller.signal);
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
    notice('Stopping running commands; press Ctrl-C again to quit immediately.');
    controller.abort(new Interrupted('interrupted'));
  });
  return { signal: controller.signal, asked: () => controller.signal.aborted, release };
}
