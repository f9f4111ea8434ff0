import type { Client, ClientChannel } from 'ssh2';
import type { Host } from '../inventory/types.ts';
import type { Secret } from '../secrets/secret.ts';
import { MAX_OUTPUT_BYTES } from './bounded-output.ts';
import { whereOf } from './connect-failure.ts';
import { within } from './deadline.ts';
import { ConnectError } from './errors.ts';
import { forwardThrough } from './forward.ts';
import { JumpHosts } from './jump-hosts.ts';
import { disconnect, login } from './login.ts';
import type { Liveness } from './open-shell.ts';
import { rootShell, type RootShellOptions } from './root-shell.ts';
import { routeTo, type Route } from './route.ts';
import type { ConnectOptions, Session, Transport } from './session.ts';
import type { ShellStreams } from './shell-session.ts';
import { SshClient, type SshClientOptions } from './ssh-client.ts';

/** After three keepalives without an answer the connection counts as dropped. */
const LIVENESS: Liveness = { intervalMs: 10_000, missed: 3 };

export interface SshTransportOptions {
  readonly passwords?: {
    /** For logging in where no key is accepted. Jump hosts are never offered it. */
    readonly login?: Secret | undefined;
    /** For sudo where it asks for one. */
    readonly sudo?: Secret | undefined;
  };
  /** The ssh that is asked for its configuration. */
  readonly client?: SshClientOptions;
  /** Default: every 10 s, and dropped after 3 without an answer. */
  readonly liveness?: Liveness;
  /** Bytes of each stream of a command that are kept; default 16 MiB. */
  readonly maxOutputBytes?: number;
}

/**
 * Sessions over SSH: a connection per host and one root shell on each, as the inventory describes them. Where it is silent,
 * the configuration of the operator's ssh says who to log in as and by which way; of the rest of it (known hosts, options)
 * nothing is read. The agent and the default keys are used as ssh does.
 */
export function createSshTransport(options: SshTransportOptions = {}): Transport {
  const jumps = new JumpHosts();
  const client = new SshClient(options.client);
  return {
    connect: (host, connect) => {
      const attempt: Progress = { where: host.address, stage: 'the configuration' };
      return within(
        connect,
        () => tooLate(attempt, connect.timeoutMs),
        async (signal) => {
          const route = await routeTo(host, (question) => client.says(question));
          signal.throwIfAborted();
          Object.assign(attempt, { where: whereOf(route.to), stage: 'the connection' });
          const onStage = (stage: string): void => void (attempt.stage = stage);
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

/** How far an attempt has come, for the message when its time is over. */
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
  const through = hops.length > 0 ? await jumps.wayTo(to, hops, { ...common, timeoutMs }) : undefined;
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
    return await shellOn(
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

type ShellOptions = Omit<RootShellOptions, 'start' | 'beside'>;

/** What ends with a shell: the connection that was made for it, or its own channel alone. */
type Carrier = 'connection' | 'channel';

function shellOn(
  client: Client,
  host: Host,
  options: ShellOptions,
  { carrier, signal }: { readonly carrier: Carrier; readonly signal: AbortSignal },
): Promise<Session> {
  return rootShell(host, {
    ...options,
    start: async (command) => {
      const channel = await exec(client, command);
      const streams = streamsOf(client, channel, carrier);
      const abort = (): void => streams.destroy('it took too long');
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      return streams;
    },
    beside: (limits) =>
      within(
        limits,
        () => tooLate({ where: host.address, stage: 'one more shell' }, limits.timeoutMs),
        (signal) => shellOn(client, host, options, { carrier: 'channel', signal }),
      ),
  });
}

function tooLate({ where, stage }: Progress, timeoutMs: number): ConnectError {
  const within = `within ${timeoutMs / 1000} s`;
  if (stage === 'the configuration') {
    return new ConnectError(
      'timed-out',
      `ssh did not say ${within} what its configuration means for ${where}`,
      `does a "Match exec" in it wait for something? See: ssh -G ${where}`,
    );
  }
  return stage === 'the connection'
    ? new ConnectError(
        'timed-out',
        `${where} did not answer ${within}`,
        'is the host up, and does a firewall let ssh through? A longer limit: --connect-timeout SECONDS',
      )
    : new ConnectError(
        'timed-out',
        `${where} answered, and did not get done with ${stage} ${within}`,
        'is it overloaded, or does it wait for something (name service, PAM)? A longer limit: --connect-timeout SECONDS',
      );
}

function exec(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((opened, failed) => {
    const fail = (cause: Error): void =>
      failed(
        new ConnectError(
          'no-shell',
          `logged in, but could not open a session: ${cause.message}`,
          'does its sshd permit commands (MaxSessions, ForceCommand)?',
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
  let lost = 'the host closed it';
  const onError = (error: Error): void => void (lost = reasonOf(error));
  const onEnd = (): void => {
    connected = false;
    close(lost);
  };
  // Every shell on the connection listens.
  client.setMaxListeners(0).on('error', onError).on('close', onEnd);
  channel.on('error', () => undefined);
  channel.on('close', () => {
    // A connection that ends closes its channels first: its own reason is the better one.
    setImmediate(() => {
      close(connected ? 'the shell on the host ended' : lost);
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
