import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { NotSent } from './errors.ts';

/** Where a connection goes to. */
export interface Target {
  readonly address: string;
  readonly port: number;
}

/** Makes a TCP connection, from wherever it stands. Throws `NotSent` where there is none, or the reason of `signal`. */
export type Dial = (to: Target, signal: AbortSignal) => Promise<Duplex>;

/** Milliseconds for a connection: on a network of one's own the second packet comes after one second. */
export const DIAL_WITHIN_MS = 4_000;

/** Milliseconds of silence until a connection is probed. */
const PROBE_AFTER_MS = 3_000;

/** Connects from this machine, within `timeoutMs`. */
export function directly(timeoutMs = DIAL_WITHIN_MS): Dial {
  return (to, signal) =>
    new Promise((opened, failed) => {
      if (signal.aborted) return failed(signal.reason as Error);
      const socket = connect({ host: to.address, port: to.port });
      const fail = (error: Error): void => {
        settle();
        socket.destroy();
        failed(error);
      };
      const onAbort = (): void => fail(signal.reason as Error);
      const late = setTimeout(
        () => fail(new NotSent(`${to.address} port ${to.port} does not answer`)),
        timeoutMs,
      );
      const settle = (): void => {
        clearTimeout(late);
        signal.removeEventListener('abort', onAbort);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      socket.once('error', (cause) => fail(new NotSent(`no connection: ${cause.message}`, { cause })));
      socket.once('connect', () => {
        settle();
        // Where the virtual IP has moved meanwhile, its new host answers the first probe with a reset.
        socket.setKeepAlive(true, PROBE_AFTER_MS);
        socket.on('error', () => undefined);
        opened(socket);
      });
    });
}
