import type { Client, ClientChannel } from 'ssh2';
import { ConnectionDropped, ForwardError } from './errors.ts';

/** CHANNEL_OPEN failure "administratively prohibited" (RFC 4254, section 5.1). */
const PROHIBITED = 1;

/** Where a forwarded connection goes, as seen from the host that makes it. */
export interface Target {
  readonly address: string;
  readonly port: number;
}

/** A TCP connection that the host at the other end of `client` makes. Throws `ForwardError`, or `ConnectionDropped`. */
export function forwardThrough(client: Client, to: Target): Promise<ClientChannel> {
  return new Promise((opened, failed) => {
    try {
      client.forwardOut('127.0.0.1', 0, to.address, to.port, (error, channel) => {
        if (error) return failed(asForwardError(error));
        // An error that nobody hears would end this process; whoever reads also hears that it is closed.
        channel.on('error', () => undefined);
        opened(channel);
      });
    } catch (error) {
      failed(new ConnectionDropped((error as Error).message));
    }
  });
}

function asForwardError(cause: Error & { readonly reason?: unknown }): Error {
  // Without a reason the connection ended before an answer came.
  if (cause.reason === undefined) return new ConnectionDropped(cause.message, { cause });
  return new ForwardError(cause.message.replace(/^\(SSH\) /, ''), {
    prohibited: cause.reason === PROHIBITED,
    cause,
  });
}
