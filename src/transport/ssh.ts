import type { Client, ClientChannel } from 'ssh2';
import type { Host } from '../inventory/types.ts';
import type { Secret } from '../secrets/secret.ts';
import { MAX_OUTPUT_BYTES } from './bounded-output.ts';

import { ConnectError } from './errors.ts';
import { JumpHosts } from './jump-hosts.ts';
import { disconnect, forwardThrough, login } from './login.ts';
import { openRootShell, type Liveness, type RootShellOptions } from './root-shell.ts';
import { routeTo, whereOf, type Route } from './route.ts';
import type { ConnectOptions, Session, Transport } from './session.ts';
import type { ShellStreams } from './shell-session.ts';
import { SshClient, type SshClientOptions } from './ssh-config.ts';
import { within } from './timers.ts';

/** A connection counts as dropped after three unanswered keepalives. */
const LIVENESS: Liveness = { intervalMs: 10_000, missed: 3 };

export interface SshTransportOptions {
  readonly passwords?: {
    /** For login where no key is accepted. Never offered to jump hosts. */
    readonly login?: Secret | undefined;
    /** For sudo, where it asks for one. */
    readonly sudo?: Secret | undefined;
  };
  /** The ssh client whose configuration is read. */
  readonly client?: SshClientOptions;
  /** Default: a keepalive every 10 s, dropped after 3 unanswered ones. */
  readonly liveness?: Liveness;
  /** Bytes to keep of each stream of a command; default 16 MiB. */
  readonly maxOutputBytes?: number;
}

/**
 * Sessions over SSH: one connection per host, with a root shell on it. What the inventory leaves open about login and route
 * comes from the operator's ssh configuration; the rest of that (known hosts, options) is ignored. Agent and default keys are
 * used like ssh does.
 */
export function createSshTransport(options: SshTransportOptions = {}): Transport {
  const jumps = new JumpHosts();
  const client = new SshClient(options.client);
  return {
    connect: (host, connect) => {
      const progress: Progress = { where: host.address, stage: 'the configuration' };
      return within(
        connect,
        () => connectTimeout(progress, connect.timeoutMs),
        async (signal) => {
          const route = await routeTo(host, (query) => client.lookUp(query));
          signal.throwIfAborted();
          Object.assign(progress, { where: whereOf(route.to), stage: 'the connection' });
          const onStage = (stage: string): void => void (progress.stage = stage);
          return connectTo(host, route, { ...connect, signal, onStage }, options, jumps);
        },
      );
    },
    close: () => {
      client.close();
      return jumps.close();
    },
  };
}

/** The stage of an attempt, for the timeout message. */
interface Progress {
  where: string;
  stage: string;
}

interface Attempt extends ConnectOptions {
  readonly signal: AbortSignal;
  readonly onStage: (stage: string) => void;
}

async function connectTo(
  host: Host,
  { to, through: hops }: Route,
  attempt: Attempt,
  { passwords = {}, liveness = LIVENESS, maxOutputBytes = MAX_OUTPUT_BYTES }: SshTransportOptions,
  jumps: JumpHosts,
): Promise<Session> {
  const { ssh } = host;
  const { signal, timeoutMs, acceptNew, onStage } = attempt;
  const common = { knownHosts: ssh.knownHosts, acceptNew, liveness };
  const through =
    hops.length > 0 ? await jumps.connectThrough(to, hops, { ...common, timeoutMs }) : undefined;
  const client = await login(to, {
    ...common,
    signal,
    onStage,
    ...(through ? { through } : {}),
    ...(passwords.login ? { password: passwords.login } : {}),
  });
  onStage(ssh.sudo && to.user !== 'root' ? 'sudo' : 'the shell');
  const abort = (): void => void client.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    return await openShellOn(
      client,
      host,
      {
        user: to.user,
        liveness,
        maxOutputBytes,
        ...(passwords.sudo ? { sudoPassword: passwords.sudo } : {}),
      },
      { carrier: 'connection', signal },
    );
  } catch (error) {
    client.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

type ShellOptions = Omit<RootShellOptions, 'start' | 'openAnother'>;

/** What closes with the shell: the connection, or only its channel. */
type Carrier = 'connection' | 'channel';

function openShellOn(
  client: Client,
  host: Host,
  options: ShellOptions,
  { carrier, signal }: { readonly carrier: Carrier; readonly signal: AbortSignal },
): Promise<Session> {
  return openRootShell(host, {
    ...options,
    start: async (command) => {
      const channel = await exec(client, command);
      const streams = streamsOf(client, channel, carrier);
      const abort = (): void => streams.destroy('timed out');
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      return streams;
    },
    openAnother: (limits) =>
      within(
        limits,
        () => connectTimeout({ where: host.address, stage: 'another shell' }, limits.timeoutMs),
        (signal) => openShellOn(client, host, options, { carrier: 'channel', signal }),
      ),
  });
}

function connectTimeout({ where, stage }: Progress, timeoutMs: number): ConnectError {
  const timedOut = `timed out after ${timeoutMs / 1000} s`;
  if (stage === 'the configuration') {
    return new ConnectError(
      'timed-out',
      `${timedOut} reading the ssh configuration for ${where}`,
      `does a "Match exec" in it block? Try: ssh -G ${where}`,
    );
  }
  return stage === 'the connection'
    ? new ConnectError(
        'timed-out',
        `${timedOut} connecting to ${where}`,
        'is the host up, and does a firewall allow SSH? To wait longer: --connect-timeout SECONDS',
      )
    : new ConnectError(
        'timed-out',
        `${timedOut} waiting for ${stage} on ${where}, which accepted the connection`,
        'is it overloaded, or does it wait for something (name service, PAM)? To wait longer: --connect-timeout SECONDS',
      );
}

function exec(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((opened, failed) => {
    const fail = (cause: Error): void =>
      failed(
        new ConnectError(
          'no-shell',
          `logged in, but could not open a session: ${cause.message}`,
          'does its sshd allow it (MaxSessions, ForceCommand)?',
          { cause },
        ),
      );
    try {
      client.exec(command, (error, channel) => {
        if (error) fail(error);
        else opened(channel);
      });
    } catch (error) {
      fail(error as Error);
    }
  });
}

function streamsOf(client: Client, channel: ClientChannel, carrier: Carrier): ShellStreams {
  let closed: string | undefined;
  let connected = true;
  const listeners: ((why: string) => void)[] = [];
  const close = (why: string): void => {
    if (closed !== undefined) return;
    closed = why;
    for (const listener of listeners) listener(why);
  };
  let reason = 'the host closed it';
  const onError = (error: Error): void => void (reason = reasonOf(error));
  const onEnd = (): void => {
    connected = false;
    close(reason);
  };
  // Every shell on the connection adds listeners.
  client.setMaxListeners(0).on('error', onError).on('close', onEnd);
  channel.on('error', () => undefined);
  channel.on('close', () => {
    // A connection that ends closes its channels first, but its own reason is more precise.
    setImmediate(() => {
      close(connected ? 'the shell on the host ended' : reason);
      if (carrier === 'channel') client.off('error', onError).off('close', onEnd);
    });
  });
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    onClosed: (listener) => {
      if (closed === undefined) listeners.push(listener);
      else listener(closed);
    },
    forward: (address, port) => forwardThrough(client, { address, port }),
    destroy: (why) => {
      if (carrier === 'connection') client.destroy();
      else channel.close();
      close(why);
    },
    disconnect: () => (carrier === 'connection' && connected ? disconnect(client) : Promise.resolve()),
  };
}

function reasonOf(error: Error & { readonly code?: string }): string {
  if (error.message === 'Keepalive timeout') return 'the host stopped answering';
  if (error.code === 'ECONNRESET') return 'the host reset it';
  return error.message;
}
