import pLimit, { type LimitFunction } from 'p-limit';
import type { Host } from '../inventory/types.ts';
import { ConnectError, ConnectionDropped } from '../transport/errors.ts';
import type { ConnectOptions, Session, Transport } from '../transport/session.ts';
import type { EventSink } from './events.ts';
import { Line, type Attempt, type Shells } from './line.ts';

/** Why a host takes no part in the run. */
export interface Unreachable {
  readonly message: string;
  readonly hint?: string;
}

export interface HeldLock {
  readonly host: string;
  readonly holder: string;
}

/** Milliseconds to wait for the answer whether a host's lock is free. */
const LOCK_TIMEOUT_MS = 10_000;

export type Connected =
  { readonly ok: true; readonly session: Session } | ({ readonly ok: false } & Unreachable);

/**
 * The sessions of a run: one connection per host, opened at most `forks` at a time, opened anew after a drop. Phases that
 * run at the same time each have a shell of their own on it, their lane.
 */
export class Connections implements Shells {
  readonly #transport: Transport;
  readonly #options: ConnectOptions;
  readonly #sessions = new Map<string, Connected>();
  /** Shells beside a connection's first one, by lane. */
  readonly #beside = new WeakMap<Session, Map<number, Promise<Session>>>();
  /** How often a host's connection was opened anew. */
  readonly #ages = new Map<string, number>();
  readonly #reopening = new Map<string, Promise<void>>();
  readonly #packageManagers = new Map<string, LimitFunction>();
  readonly #roundTrips = new Map<string, number>();
  /** Owner of the lock, by host. */
  readonly #locked = new Map<string, string>();

  constructor(transport: Transport, options: ConnectOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  /** Connects to all of `hosts`; whoever does not answer is told to `emit` and keeps nobody else waiting. */
  async open(hosts: readonly Host[], forks: number, emit: EventSink): Promise<void> {
    const limit = pLimit(forks);
    await Promise.all(
      hosts.map((host) =>
        limit(async () => {
          const started = Date.now();
          const connected = await this.#connect(host);
          this.#sessions.set(host.name, connected);
          if (connected.ok) {
            emit({ event: 'connected', host: host.name, durationMs: Date.now() - started });
          } else {
            emit({
              event: 'unreachable',
              host: host.name,
              message: connected.message,
              ...(connected.hint ? { hint: connected.hint } : {}),
            });
          }
        }),
      ),
    );
  }

  /** The host's session, or why it has none. */
  of(host: string): Connected {
    return this.#sessions.get(host) ?? { ok: false, message: 'it was not connected to' };
  }

  /** Takes the lock of each of `hosts`, and again whenever a session has to be opened anew. Returns who holds which. */
  async lock(hosts: readonly Host[], owner: string): Promise<readonly HeldLock[]> {
    for (const { name } of hosts) this.#locked.set(name, owner);
    const answers = await Promise.all(
      hosts.map(async ({ name }): Promise<readonly HeldLock[]> => {
        const connected = this.of(name);
        const answer = connected.ok
          ? await connected.session.lock(owner, LOCK_TIMEOUT_MS)
          : { ok: true as const };
        return answer.ok ? [] : [{ host: name, holder: answer.holder }];
      }),
    );
    return answers.flat();
  }

  /** The way to a host for a phase of that lane; see `Line`. */
  line(host: Host, lane = 0): Line {
    return new Line(host, this, lane);
  }

  /**
   * The shell of a lane. Where the host gives no further one (sshd's MaxSessions), lanes share the first, and their
   * scripts run one after another. Throws `ConnectionDropped`, also where the host is not connected.
   */
  async shell(host: string, lane: number): Promise<Session> {
    const connected = this.of(host);
    if (!connected.ok) throw new ConnectionDropped(connected.message);
    const { session } = connected;
    if (lane === 0) return session;
    const beside = this.#beside.get(session) ?? new Map<number, Promise<Session>>();
    this.#beside.set(session, beside);
    const open = beside.get(lane);
    if (open) return open;
    const { timeoutMs, signal } = this.#options;
    const opening = session.beside({ timeoutMs, ...(signal ? { signal } : {}) }).catch((error: unknown) => {
      if (error instanceof ConnectError) return session;
      beside.delete(lane);
      throw error;
    });
    beside.set(lane, opening);
    return opening;
  }

  /** Begins an attempt to send a script, once nobody is opening the host's connection anew. */
  async attempt(host: string): Promise<Attempt> {
    await this.#reopening.get(host);
    return { age: this.#ages.get(host) ?? 0 };
  }

  /**
   * A new shell in the place of one that dropped, and a new connection where that is gone too. Of several lanes that
   * dropped with one connection, the first opens it anew for all.
   */
  async reopen(host: Host, lane: number, dropped: Attempt): Promise<void> {
    const { name } = host;
    const isNew = (): boolean => dropped.age !== (this.#ages.get(name) ?? 0);
    const before = this.of(name);
    if (before.ok && !isNew() && dropped.session !== undefined && dropped.session !== before.session) {
      const beside = this.#beside.get(before.session);
      if ((await beside?.get(lane)) === dropped.session) beside?.delete(lane);
      const opened = await this.shell(name, lane).catch(() => undefined);
      if (opened) return;
    }
    if (isNew()) return;
    const reopening = this.#reopening.get(name) ?? this.#connectAnew(host);
    this.#reopening.set(name, reopening);
    await reopening.finally(() => this.#reopening.delete(name));
  }

  async #connectAnew(host: Host): Promise<void> {
    const old = this.#sessions.get(host.name);
    if (old?.ok) await this.#end(old.session);
    const connected = await this.#connect(host);
    this.#sessions.set(host.name, connected);
    this.#ages.set(host.name, (this.#ages.get(host.name) ?? 0) + 1);
    // The lock went with the session that held it, and somebody else may have taken it meanwhile.
    const owner = this.#locked.get(host.name);
    if (connected.ok && owner !== undefined) {
      const [held] = await this.lock([host], owner);
      // By itself, where the host has not noticed yet that the old connection is gone.
      if (held && held.holder !== owner) {
        this.exclude(host.name, { message: `its connection dropped, and now it is held by ${held.holder}` });
      }
    }
  }

  /** Takes a host out after it was connected: it is not the host that the inventory means. */
  exclude(host: string, why: Unreachable): void {
    const connected = this.#sessions.get(host);
    if (connected?.ok) void this.#end(connected.session);
    this.#sessions.set(host, { ok: false, ...why });
  }

  /** Scripts sent to the host so far, over all its sessions. */
  roundTrips(host: string): number {
    return this.#roundTrips.get(host) ?? 0;
  }

  /** Counts one. */
  sent(host: string): void {
    this.#roundTrips.set(host, this.roundTrips(host) + 1);
  }

  /** Lets one phase at a time use the host's package manager. */
  packageManager(host: string): LimitFunction {
    const turns = this.#packageManagers.get(host) ?? pLimit(1);
    this.#packageManagers.set(host, turns);
    return turns;
  }

  async close(): Promise<void> {
    const open = [...this.#sessions.values()].flatMap((connected) =>
      connected.ok ? [connected.session] : [],
    );
    await Promise.all(open.map((session) => this.#end(session)));
    await this.#transport.close();
  }

  /** Shells that were opened beside it come first: they end what they run, which a connection that goes would not wait for. */
  async #end(session: Session): Promise<void> {
    const beside = await Promise.allSettled([...(this.#beside.get(session)?.values() ?? [])]);
    const others = beside.flatMap((shell) => (shell.status === 'fulfilled' ? [shell.value] : []));
    await Promise.allSettled(others.filter((other) => other !== session).map((other) => other.close()));
    await session.close().catch(() => undefined);
  }

  async #connect(host: Host): Promise<Connected> {
    try {
      return { ok: true, session: await this.#transport.connect(host, this.#options) };
    } catch (error) {
      if (error instanceof ConnectError) return { ok: false, message: error.message, hint: error.hint };
      throw error;
    }
  }
}
