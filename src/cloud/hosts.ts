import type { Duplex } from 'node:stream';
import type { Host } from '../inventory/types.ts';
import { ConnectError, ConnectionDropped, ForwardError } from '../transport/errors.ts';
import type { ConnectOptions, RunOptions, ScriptResult, Session, Transport } from '../transport/session.ts';
import { DIAL_WITHIN_MS, type Dial } from './dial.ts';
import { NotSent } from './errors.ts';

/** The cloud's hosts, connected to when they are first needed, and anew after a drop. */
export class Hosts {
  readonly #transport: Transport;
  readonly #options: Omit<ConnectOptions, 'signal'>;
  readonly #sessions = new Map<string, Promise<Session>>();

  constructor(transport: Transport, options: Omit<ConnectOptions, 'signal'>) {
    this.#transport = transport;
    this.#options = options;
  }

  /** Runs a script that may be run again: where the connection had dropped, it is run on a new one. Throws like `Session.run`, or `ConnectError`. */
  async run(host: Host, script: string, options: RunOptions): Promise<ScriptResult> {
    try {
      return await (await this.#session(host)).run(script, options);
    } catch (error) {
      if (!(error instanceof ConnectionDropped)) throw error;
      this.#forget(host);
      return (await this.#session(host)).run(script, options);
    }
  }

  /** Connects from `host`. */
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
        () => settle(() => failed(new NotSent(`${host.name} does not connect to ${address} port ${port}`))),
        DIAL_WITHIN_MS,
      );
      signal.addEventListener('abort', onAbort, { once: true });
      session.forward(address, port).then(
        // Too late: nobody would end it.
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
