import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { NotSent, CloudUnreachable } from './errors.ts';
import type { Host } from '../inventory/types.ts';
import { ConnectError, ConnectionDropped, ForwardError } from '../transport/errors.ts';
import type { ConnectOptions, RunOptions, ScriptResult, Session, Transport } from '../transport/session.ts';

/** The destination of a connection. */
export interface Target {
  readonly address: string;
  readonly port: number;
}

/** Opens a TCP connection. Throws `NotSent` if it cannot, or the reason of `signal`. */
export type Dial = (to: Target, signal: AbortSignal) => Promise<Duplex>;

/** Opens connections to the cloud's APIs, by one path or another. */
interface Dialer {
  readonly dial: Dial;
  /** The path in words: "from this machine", "through controller1". */
  readonly name: () => string;
}

interface DialerOptions {
  /** The address that must answer for a direct connection. */
  readonly to: Target;
  readonly hosts: Hosts;
  /** Hosts to connect through otherwise, in order of preference. */
  readonly through: readonly Host[];
  readonly signal: AbortSignal;
  /** How this machine connects; default `directly()`. */
  readonly direct?: Dial;
}

/** Milliseconds to connect. A lost first packet is resent after 1 s. */
const DIAL_WITHIN_MS = 4_000;

/** Milliseconds of silence before the first TCP keepalive probe. */
const PROBE_AFTER_MS = 3_000;

/** Milliseconds for a virtual IP that this machine can reach to answer. */
const REACHABLE_WITHIN_MS = 2_000;

/** Connects from this machine if it reaches `to`, else through a host. Throws `CloudUnreachable`. */
export async function chooseDialer({ to, hosts, through, signal, direct }: DialerOptions): Promise<Dialer> {
  try {
    const socket = await (direct ?? directly(REACHABLE_WITHIN_MS))(to, signal);
    socket.destroy();
    return { dial: direct ?? directly(), name: () => 'from this machine' };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof NotSent)) throw error;
  }
  const dialer = throughHosts(hosts, through);
  try {
    (await dialer.dial(to, signal)).destroy();
  } catch (error) {
    // A host that accepts the login is good enough, even if this connection failed.
    if (error instanceof CloudUnreachable || !(error instanceof NotSent)) throw error;
  }
  return dialer;
}

/**
 * Connects through the first host that accepts a login. A host through which it failed moves to the end of the list: it
 * may be down or partitioned.
 */
function throughHosts(hosts: Hosts, through: readonly Host[]): Dialer {
  let order = [...through];
  const moveLast = (host: Host): void => void (order = [...order.filter((one) => one !== host), host]);
  return {
    name: () => `through ${order[0]?.name ?? 'no host'}`,
    dial: async (to, signal) => {
      const reasons: string[] = [];
      for (const host of [...order]) {
        try {
          return await hosts.from(host)(to, signal);
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof NotSent)) throw error;
          moveLast(host);
          if (error.cause instanceof ForwardError && error.cause.prohibited) {
            throw new CloudUnreachable(
              error.message,
              `this machine does not reach ${to.address}; to go through ${host.name}, set AllowTcpForwarding yes in its sshd_config`,
            );
          }
          if (!(error.cause instanceof ConnectError)) throw error;
          reasons.push(error.message);
        }
      }
      throw new CloudUnreachable(
        `no route to ${to.address} port ${to.port} from this machine or through a host: ${reasons.join('; ') || 'no host to go through'}`,
        'run osha on a machine that reaches the virtual IP, or check the hosts: osha check INVENTORY',
      );
    },
  };
}

/** Connects from this machine within `timeoutMs`. */
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
        () => fail(new NotSent(`${to.address} port ${to.port} did not answer`)),
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
        // If the virtual IP has moved, its new holder answers the first probe with a reset.
        socket.setKeepAlive(true, PROBE_AFTER_MS);
        socket.on('error', () => undefined);
        opened(socket);
      });
    });
}

/** SSH connections to the cloud's hosts, opened on first use and again after a drop. */
export class Hosts {
  readonly #transport: Transport;
  readonly #options: Omit<ConnectOptions, 'signal'>;
  readonly #sessions = new Map<string, Promise<Session>>();

  constructor(transport: Transport, options: Omit<ConnectOptions, 'signal'>) {
    this.#transport = transport;
    this.#options = options;
  }

  /** Runs a repeatable script; after a dropped connection it runs again on a new one. Throws like `Session.run`, or `ConnectError`. */
  async run(host: Host, script: string, options: RunOptions): Promise<ScriptResult> {
    try {
      return await (await this.#session(host)).run(script, options);
    } catch (error) {
      if (!(error instanceof ConnectionDropped)) throw error;
      this.#forget(host);
      return (await this.#session(host)).run(script, options);
    }
  }

  /** Dials from `host`, through its SSH connection. */
  from(host: Host): Dial {
    return async (to, signal) => {
      signal.throwIfAborted();
      const session = await this.#session(host).catch((error: unknown) => {
        throw error instanceof ConnectError
          ? new NotSent(`${host.name}: ${error.message}`, { cause: error })
          : error;
      });
      return this.#forwarded(host, session, to, signal);
    };
  }

  async close(): Promise<void> {
    const open = await Promise.allSettled([...this.#sessions.values()]);
    this.#sessions.clear();
    const sessions = open.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    await Promise.allSettled(sessions.map((session) => session.close()));
    await this.#transport.close();
  }

  #session(host: Host): Promise<Session> {
    const known = this.#sessions.get(host.name);
    if (known) return known;
    const session = this.#transport.connect(host, this.#options);
    this.#sessions.set(host.name, session);
    session.catch(() => this.#forget(host, session));
    return session;
  }

  #forget(host: Host, only = this.#sessions.get(host.name)): void {
    if (this.#sessions.get(host.name) !== only) return;
    this.#sessions.delete(host.name);
    only?.then((session) => session.close()).catch(() => undefined);
  }

  #forwarded(
    host: Host,
    session: Session,
    { address, port }: Parameters<Dial>[0],
    signal: AbortSignal,
  ): Promise<Duplex> {
    return new Promise((opened, failed) => {
      let settled = false;
      const settle = (finish: () => void): void => {
        if (settled) return;
        settled = true;
        clearTimeout(late);
        signal.removeEventListener('abort', onAbort);
        finish();
      };
      const onAbort = (): void => settle(() => failed(signal.reason as Error));
      const late = setTimeout(
        () =>
          settle(() => failed(new NotSent(`${host.name} timed out connecting to ${address} port ${port}`))),
        DIAL_WITHIN_MS,
      );
      signal.addEventListener('abort', onAbort, { once: true });
      session.forward(address, port).then(
        // Too late: the caller has given up.
        (stream) => (settled ? stream.destroy() : settle(() => opened(stream))),
        (cause: Error) => {
          if (!(cause instanceof ForwardError)) this.#forget(host);
          settle(() =>
            failed(
              new NotSent(`${host.name} cannot connect to ${address} port ${port}: ${cause.message}`, {
                cause,
              }),
            ),
          );
        },
      );
    });
  }
}
