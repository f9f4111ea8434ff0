import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import type { Secret } from '../secrets/secret.ts';
import { connectFailure } from './connect-failure.ts';
import { ConnectError, ConnectionDropped, ForwardError } from './errors.ts';
import { HostKeys, knownHostsFiles, type HostKeyVerdict } from './host-keys.ts';
import { loginMethods } from './login-methods.ts';
import type { Liveness } from './root-shell.ts';
import type { Destination } from './route.ts';

/** Milliseconds to wait for a graceful disconnect. */
const ENDED_WITHIN_MS = 1000;

/** CHANNEL_OPEN failure "administratively prohibited" (RFC 4254, section 5.1). */
const PROHIBITED = 1;

export interface LoginOptions {
  readonly knownHosts: readonly string[];
  readonly acceptNew: boolean;
  readonly liveness: Liveness;
  /** Offered where no key is accepted. */
  readonly password?: Secret;
  /** The connection through a jump host, where there is one. */
  readonly through?: Duplex;
  /** Aborts the attempt. There is no other limit. */
  readonly signal: AbortSignal;
  /** Called when a stage begins: a timeout message names the stage. */
  readonly onStage?: (stage: string) => void;
}

/** Verifies the host key, logs in and returns the connection. Throws `ConnectError`, or the signal's reason. */
export async function login(to: Destination, options: LoginOptions): Promise<Client> {
  const { NodeSSH } = await import('node-ssh');
  const methods = await loginMethods(to, options.password);
  options.signal.throwIfAborted();
  const keys = new HostKeys(knownHostsFiles(options.knownHosts), to.address, to.port);
  let verdict: HostKeyVerdict | undefined;
  let newKey: Buffer | undefined;
  const ssh = new NodeSSH();
  const connecting = ssh.connect({
    host: to.address,
    port: to.port,
    username: to.user,
    readyTimeout: 0,
    keepaliveInterval: options.liveness.intervalMs,
    keepaliveCountMax: options.liveness.missed,
    authHandler: methods.handler,
    algorithms: { serverHostKey: keys.algorithms },
    ...(options.through ? { sock: options.through } : {}),
    // ssh2 trusts any key without a verifier.
    hostVerifier: (key: Buffer) => {
      verdict = keys.judge(key);
      newKey = verdict.kind === 'unknown' && options.acceptNew ? key : undefined;
      return verdict.kind === 'known' || newKey !== undefined;
    },
  });
  const client = ssh.connection;
  if (!client) throw new Error('node-ssh made no connection');
  let firstError: Error | undefined;
  // node-ssh removes its listener once connected; an error without a listener would end this process.
  client.on('error', (error) => (firstError ??= error));
  client.once('connect', () => options.onStage?.('the login'));
  // The host proves that it owns the key only with the handshake.
  client.once('handshake', () => {
    try {
      if (newKey) keys.record(newKey);
    } catch (cause) {
      firstError = notRecorded(keys, cause as Error);
      client.destroy();
    }
  });
  const abort = (): void => void client.destroy();
  options.signal.addEventListener('abort', abort, { once: true });
  try {
    await connecting;
    // Requests and answers are small: Nagle's algorithm would delay each by up to 40 ms.
    client.setNoDelay(true);
    return client;
  } catch (error) {
    client.destroy();
    options.signal.throwIfAborted();
    throw connectFailure(firstError ?? (error as Error), {
      to,
      keys,
      verdict: newKey ? undefined : verdict,
      tried: methods.tried(),
    });
  } finally {
    options.signal.removeEventListener('abort', abort);
  }
}

function notRecorded(keys: HostKeys, cause: Error): ConnectError {
  return new ConnectError(
    'host-key-unknown',
    `cannot record the host key of ${keys.name}: ${cause.message}`,
    'make the first file in ssh.knownHosts writable',
    { cause },
  );
}

/** Disconnects gracefully, and destroys the connection after a second. */
export function disconnect(client: Client): Promise<void> {
  return new Promise((ended) => {
    const late = setTimeout(() => {
      client.destroy();
      ended();
    }, ENDED_WITHIN_MS);
    client.once('close', () => {
      clearTimeout(late);
      ended();
    });
    client.end();
  });
}

/** The address and port of a forwarded connection, as seen from the host that makes it. */
interface ForwardTarget {
  readonly address: string;
  readonly port: number;
}

/** Opens a TCP connection from the host at the other end of `client`. Throws `ForwardError`, or `ConnectionDropped`. */
export function forwardThrough(client: Client, to: ForwardTarget): Promise<ClientChannel> {
  return new Promise((opened, failed) => {
    try {
      client.forwardOut('127.0.0.1', 0, to.address, to.port, (error, channel) => {
        if (error) return failed(asForwardError(error));
        // An error without a listener would end this process; readers also get the close event.
        channel.on('error', () => undefined);
        opened(channel);
      });
    } catch (error) {
      failed(new ConnectionDropped((error as Error).message));
    }
  });
}

function asForwardError(cause: Error & { readonly reason?: unknown }): Error {
  // No reason: the connection ended before the host answered.
  if (cause.reason === undefined) return new ConnectionDropped(cause.message, { cause });
  return new ForwardError(cause.message.replace(/^\(SSH\) /, ''), {
    prohibited: cause.reason === PROHIBITED,
    cause,
  });
}
