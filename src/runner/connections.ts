import pLimit from 'p-limit';
import type { LimitFunction } from 'p-limit';
import type { Host } from '../inventory/types.ts';
import { ConnectError, ConnectionDropped, LockFailed, ScriptTimeout } from '../transport/errors.ts';
import type { ConnectOptions, Session, Transport } from '../transport/session.ts';
import type { EventSink } from './events.ts';
import { Lane, type Attempt, type Shells } from './lane.ts';
import { RunLock, type LockPatience } from './run-lock.ts';

export interface HeldLock {
  readonly host: string;
  readonly holder: string;
}

export type Connected =
  | { readonly ok: true; readonly session: Session }
  | ({ readonly ok: false; readonly absence: Absence } & Unreachable);

export interface ConnectionsOptions extends ConnectOptions {
  /** How long to wait for shells of this run whose connection was lost. */
  readonly lockPatience?: LockPatience;
}

/**
 * The sessions of a run: one connection per host, opened at most `forks` at a time, opened again after a drop. Phases that
 * run at the same time each have a shell of their own on it, their lane. Nothing that a host does is thrown from here but
 * `ConnectionDropped`: a host that is lost leaves the run, and `emit` of `open` hears of it.
 */
export class Connections implements Shells {
  readonly #transport: Transport;
  readonly #options: ConnectionsOptions;
  readonly #signal: AbortSignal;
  readonly #sessions = new Map<string, Connected>();
  /** Shells beside a connection's first one, by lane. */
  readonly #beside = new WeakMap<Session, Map<number, Promise<Session>>>();
  /** How often a host's connection was opened anew. */
  readonly #ages = new Map<string, number>();
  readonly #reopening = new Map<string, Promise<void>>();
  readonly #packageManagers = new Map<string, LimitFunction>();
  readonly #roundTrips = new Map<string, number>();
  /** Absent where nothing is changed. */
  #lock: RunLock | undefined;
  /** Hosts whose lock was taken, and is taken again whenever a session has to be opened again. */
  readonly #locked = new Set<string>();
  /** By host: settles once it is known whether the lock is held again. */
  readonly #relocking = new Map<string, Promise<void>>();
  #emit: EventSink = () => undefined;

  constructor(transport: Transport, options: ConnectionsOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#signal = options.signal ?? new AbortController().signal;
  }

  /** Connects to all of `hosts`; whoever does not answer is told to `emit` and keeps nobody else waiting. */
  async open(hosts: readonly Host[], forks: number, emit: EventSink): Promise<void> {
    this.#emit = emit;
    const limit = pLimit(forks);
    await Promise.all(
      hosts.map((host) =>
        limit(async () => {
          const started = Date.now();
          const connected = await this.#connect(host);
          this.#sessions.set(host.name, connected);
          if (connected.ok) {
            emit({ event: 'connected', host: host.name, durationMs: Date.now() - started });
          } else this.#tellAbsent(host.name, connected.absence, connected);
        }),
      ),
    );
  }

  /** The host's session, or why it has none. */
  of(host: string): Connected {
    return (
      this.#sessions.get(host) ?? { ok: false, absence: 'unreachable', message: 'it was not connected to' }
    );
  }

  /**
   * Takes the lock of each of `hosts`, and again whenever a session has to be opened again; from now on no change is sent
   * to a host whose lock is not held. Returns who else holds which. A host that is lost meanwhile leaves the run.
   */
  async lock(hosts: readonly Host[], owner: string): Promise<readonly HeldLock[]> {
    this.#lock = new RunLock(owner, this.#options.lockPatience);
    // One host first, the same for all: of two runs that begin at the same time, one gets it and goes on.
    const [first, ...others] = [...hosts].sort((a, b) => (a.name < b.name ? -1 : 1));
    const held = first && (await this.#takeLock(first, this.#lock));
    if (held) return [held];
    const lock = this.#lock;
    const answers = await Promise.all(others.map((host) => this.#takeLock(host, lock)));
    return answers.filter((answer) => answer !== undefined);
  }

  async #takeLock(host: Host, lock: RunLock): Promise<HeldLock | undefined> {
    for (const isLast of [false, true]) {
      const connected = this.of(host.name);
      if (!connected.ok) return undefined;
      try {
        const answer = await lock.take(connected.session, this.#signal);
        if (!answer.ok) return { host: host.name, holder: answer.holder };
        this.#locked.add(host.name);
        return undefined;
      } catch (error) {
        if (isLast || !(error instanceof ConnectionDropped)) {
          this.#lose(host.name, 'unreachable', lossOf(error));
          return undefined;
        }
        await this.#connectAgain(host);
      }
    }
    return undefined;
  }

  /** The way to a host for a phase of that lane; see `Lane`. */
  lane(host: Host, lane = 0): Lane {
    return new Lane(host, this, lane);
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

  /**
   * The shell of a lane for a change: one that holds the host's lock, once it does. Throws `ConnectionDropped`, also where
   * the lock was lost.
   */
  async shellForChange(host: string, lane: number): Promise<Session> {
    await this.relocked(host);
    const shell = await this.shell(host, lane);
    if (!this.#lock) return shell;
    if (!this.#locked.has(host)) throw new Error(`the lock of ${host} was not taken: it must not be changed`);
    const connected = this.of(host);
    if (connected.ok && (await this.#lock.covers(connected.session, shell))) return shell;
    throw new ConnectionDropped(connected.ok ? 'the lock of the host was lost with it' : connected.message);
  }

  /** Waits until it is known whether the host's lock is held again after a drop, so what ran before has ended. */
  async relocked(host: string): Promise<void> {
    await this.#relocking.get(host);
  }

  /** Begins an attempt to send a script, once nobody is opening the host's connection again. */
  async attempt(host: string): Promise<Attempt> {
    await this.#reopening.get(host);
    return { age: this.#ages.get(host) ?? 0 };
  }

  /**
   * A new shell in the place of one that dropped, and a new connection where that is gone too, or `whole` asks for it. Of
   * several lanes that dropped with one connection, the first opens it again for all.
   */
  async reopen(
    host: Host,
    lane: number,
    dropped: Attempt,
    { whole = false }: { readonly whole?: boolean } = {},
  ): Promise<void> {
    const { name } = host;
    const isNew = (): boolean => dropped.age !== (this.#ages.get(name) ?? 0);
    const before = this.of(name);
    const isBeside = before.ok && dropped.session !== undefined && dropped.session !== before.session;
    if (before.ok && isBeside && !whole && !isNew()) {
      const beside = this.#beside.get(before.session);
      if ((await beside?.get(lane)) === dropped.session) beside?.delete(lane);
      const opened = await this.shell(name, lane).catch(() => undefined);
      if (opened) return;
    }
    if (isNew()) return;
    const reopening = this.#reopening.get(name) ?? this.#connectAgain(host);
    this.#reopening.set(name, reopening);
    await reopening.finally(() => this.#reopening.delete(name));
  }

  /** A host that has left the run stays out. */
  async #connectAgain(host: Host): Promise<void> {
    const old = this.#sessions.get(host.name);
    if (!old?.ok) return;
    await this.#end(old.session);
    const connected = await this.#connect(host);
    this.#sessions.set(host.name, connected);
    this.#ages.set(host.name, (this.#ages.get(host.name) ?? 0) + 1);
    if (!connected.ok) this.#tellAbsent(host.name, connected.absence, connected);
    else if (this.#lock && this.#locked.has(host.name)) {
      // Not waited for: until the old shells have ended, and the lock is held again, the host may still be read.
      this.#relocking.set(host.name, this.#lockAgain(host.name, connected.session, this.#lock));
    }
  }

  async #lockAgain(host: string, session: Session, lock: RunLock): Promise<void> {
    try {
      const answer = await lock.take(session, this.#signal);
      if (answer.ok) return;
      const message = `its connection dropped, and now another run holds its lock: ${answer.holder}`;
      this.#lose(host, 'locked', { message });
    } catch (error) {
      // Where it dropped once more, whoever sends the next script finds that out.
      if (!(error instanceof ConnectionDropped)) this.#lose(host, 'unreachable', lossOf(error));
    }
  }

  /** Takes a host out after it was connected: it is not the host that the inventory means. */
  exclude(host: string, why: Unreachable, absence: Absence = 'rejected'): void {
    const connected = this.#sessions.get(host);
    if (connected?.ok) void this.#end(connected.session);
    this.#sessions.set(host, { ok: false, absence, ...why });
  }

  #lose(host: string, absence: Absence, why: Unreachable): void {
    this.exclude(host, why, this.#signal.aborted ? 'interrupted' : absence);
    this.#tellAbsent(host, absence, why);
  }

  #tellAbsent(host: string, absence: Absence, { message, hint }: Unreachable): void {
    if (this.#signal.aborted) return;
    const event = absence === 'unreachable' ? 'unreachable' : 'rejected';
    this.#emit({ event, host, message, ...(hint === undefined ? {} : { hint }) });
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
    await this.#transport.close().catch(() => undefined);
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
      const absence = this.#signal.aborted ? 'interrupted' : 'unreachable';
      return { ok: false, absence, ...lossOf(error) };
    }
  }
}

/** Why a host takes no part in the run. */
interface Unreachable {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Which way a host left the run: it cannot be reached, was found unfit, or another run has its lock now. */
type Absence = 'unreachable' | 'rejected' | 'locked' | 'interrupted';

/** Why a host is lost, whatever it did. */
function lossOf(error: unknown): Unreachable {
  if (error instanceof LockFailed) {
    return {
      message: `cannot take its lock: ${error.message}`,
      hint: 'see on that host who holds /run/osha.lock (fuser -v /run/osha.lock) and whether there is room (df /run)',
    };
  }
  if (error instanceof ScriptTimeout) {
    return { message: `logged in, but timed out after ${error.timeoutMs / 1000} s waiting for an answer` };
  }
  if (error instanceof ConnectError) return { message: error.message, hint: error.hint };
  return { message: error instanceof Error ? error.message : String(error) };
}
