import pLimit from 'p-limit';
import type { Host } from '../inventory/types.ts';
import type { ResourceKey } from '../playbook/operation.ts';
import { OshaError } from '../text/error.ts';
import { ConnectError, ConnectionDropped, ScriptTimeout } from '../transport/errors.ts';
import type { ConnectOptions, RunOptions, ScriptResult, Session, Transport } from '../transport/session.ts';
import type { RunLock } from './run-lock.ts';

/** Why a host takes no part in the run. */
export interface Loss {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** How a host left the run: it cannot be reached, failed the preflight check, or is locked by another run. */
export type Absence = 'unreachable' | 'rejected' | 'locked' | 'interrupted';

export type Connected =
  | { readonly ok: true; readonly session: Session }
  | ({ readonly ok: false; readonly absence: Absence } & Loss);

/** A host before its connection is opened. */
export const NOT_CONNECTED: Connected = {
  ok: false,
  absence: 'unreachable',
  message: 'it was not connected to',
};

/** The point at which a script was sent, to recognise a connection that was reopened since. */
export interface Attempt {
  /** How many times the host's connection had been reopened. */
  readonly age: number;
  /** The shell that it was sent to; absent where none could be opened. */
  session?: Session;
}

export interface HostConnectionOptions {
  readonly transport: Transport;
  readonly connect: ConnectOptions;
  readonly signal: AbortSignal;
  /** Called when a host that was connected, or was to be, leaves the run; not after an interrupt. */
  readonly onLoss: (host: string, absence: Absence, loss: Loss) => void;
}

/**
 * The connection to one host for the length of a run: opened once, reopened after a drop, with one shell for each phase
 * that runs on it. Throws nothing for what a host does except `ConnectionDropped`: a host that is lost leaves the run.
 */
export class HostConnection {
  readonly host: Host;
  /** Serialises the phases that use the host's package manager. */
  readonly packageManager = pLimit(1);
  readonly #options: HostConnectionOptions;
  #connected = NOT_CONNECTED;
  /** Further shells on the current connection, by lane. Lane 0 is the shell that it begins with. */
  #shells = new Map<number, Promise<Session>>();
  /** How many times the connection was reopened. */
  #age = 0;
  #roundTrips = 0;
  #reopening: Promise<void> | undefined;
  /** The lock that a change needs; absent where the run changes nothing. */
  #lock: RunLock | undefined;
  #isLocked = false;
  /** Settles once it is known whether the lock is held again after a drop. */
  #relocking: Promise<void> | undefined;

  constructor(host: Host, options: HostConnectionOptions) {
    this.host = host;
    this.#options = options;
  }

  /** The host's first shell, or why it has none. */
  get connected(): Connected {
    return this.#connected;
  }

  /** Scripts sent to the host so far, over all its shells. */
  get roundTrips(): number {
    return this.#roundTrips;
  }

  /** Connects. Where that fails, the host leaves the run. */
  async open(): Promise<void> {
    const { transport, connect, signal } = this.#options;
    try {
      const session = await transport.connect(this.host, connect);
      this.#connected = { ok: true, session };
      this.#shells = new Map();
    } catch (error) {
      const absence = signal.aborted ? 'interrupted' : 'unreachable';
      this.#connected = { ok: false, absence, ...lossOf(error) };
      this.#report(absence, this.#connected);
    }
  }

  /** From now on no change is sent to the host unless `lock` is held. */
  requireLock(lock: RunLock): void {
    this.#lock = lock;
  }

  /** Takes the required lock. Returns the run that holds it instead, if any. A host that is lost meanwhile leaves the run. */
  async takeLock(): Promise<string | undefined> {
    for (const isLast of [false, true]) {
      if (!this.#lock || !this.#connected.ok) return undefined;
      try {
        const answer = await this.#lock.take(this.#connected.session, this.#options.signal);
        this.#isLocked = answer.ok;
        return answer.ok ? undefined : answer.holder;
      } catch (error) {
        if (isLast || !(error instanceof ConnectionDropped)) {
          this.#lose('unreachable', lossOf(error));
          return undefined;
        }
        await this.#openAgain();
      }
    }
    return undefined;
  }

  /** A phase's access to the host. Phases that run at the same time need different numbers. */
  lane(number = 0): Lane {
    return new Lane(this, number);
  }

  /**
   * The shell of a lane. Where the host allows no further one (sshd's MaxSessions), lanes share the first, and their
   * scripts run serially. Throws `ConnectionDropped`, also where the host is not connected.
   */
  async shell(lane: number): Promise<Session> {
    if (!this.#connected.ok) throw new ConnectionDropped(this.#connected.message);
    const { session } = this.#connected;
    if (lane === 0) return session;
    const shells = this.#shells;
    const open = shells.get(lane);
    if (open) return open;
    const { timeoutMs, signal } = this.#options.connect;
    const opening = session
      .openAnother({ timeoutMs, ...(signal ? { signal } : {}) })
      .catch((error: unknown) => {
        if (error instanceof ConnectError) return session;
        shells.delete(lane);
        throw error;
      });
    shells.set(lane, opening);
    return opening;
  }

  /** The shell of a lane once it holds the host's lock. Throws `ConnectionDropped`, also where the lock was lost. */
  async shellForChange(lane: number): Promise<Session> {
    await this.relocked();
    const shell = await this.shell(lane);
    if (!this.#lock) return shell;
    if (!this.#isLocked)
      throw new Error(`the lock of ${this.host.name} was not taken: it must not be changed`);
    if (!this.#connected.ok) throw new ConnectionDropped(this.#connected.message);
    if (await this.#lock.covers(this.#connected.session, shell)) return shell;
    throw new ConnectionDropped('the lock of the host was lost with it');
  }

  /** Waits until it is known whether the lock is held again after a drop: until then what ran before may still run. */
  async relocked(): Promise<void> {
    await this.#relocking;
  }

  /** Begins an attempt to send a script, after a reopening that is under way. */
  async attempt(): Promise<Attempt> {
    await this.#reopening;
    return { age: this.#age };
  }

  /** Counts a script that is sent. */
  countRoundTrip(): void {
    this.#roundTrips += 1;
  }

  /**
   * Replaces a shell that dropped, and the whole connection where that is gone too or `whole` asks for it. Of several lanes
   * that dropped with one connection, the first reopens it for all.
   */
  async reopen(
    lane: number,
    dropped: Attempt,
    { whole = false }: { readonly whole?: boolean } = {},
  ): Promise<void> {
    const before = this.#connected;
    const isFurtherShell = before.ok && dropped.session !== undefined && dropped.session !== before.session;
    if (isFurtherShell && !whole && dropped.age === this.#age) {
      const shells = this.#shells;
      if ((await shells.get(lane)) === dropped.session) shells.delete(lane);
      const opened = await this.shell(lane).catch(() => undefined);
      if (opened) return;
    }
    if (dropped.age !== this.#age) return;
    this.#reopening ??= this.#openAgain().finally(() => (this.#reopening = undefined));
    await this.#reopening;
  }

  /** Takes a connected host out of the run, because it is unfit for it. */
  exclude(loss: Loss, absence: Absence = 'rejected'): void {
    if (this.#connected.ok) void this.#end(this.#connected.session, this.#shells);
    this.#connected = { ok: false, absence, ...loss };
  }

  async close(): Promise<void> {
    if (this.#connected.ok) await this.#end(this.#connected.session, this.#shells);
  }

  /** A host that has left the run stays out. */
  async #openAgain(): Promise<void> {
    if (!this.#connected.ok) return;
    await this.#end(this.#connected.session, this.#shells);
    await this.open();
    this.#age += 1;
    // Not waited for: while the old shells end and the lock is taken again, the host may already be read.
    if (this.#connected.ok && this.#isLocked) this.#relocking = this.#lockAgain(this.#connected.session);
  }

  async #lockAgain(session: Session): Promise<void> {
    try {
      const answer = await this.#lock?.take(session, this.#options.signal);
      if (!answer || answer.ok) return;
      const message = `its connection dropped, and now another run holds its lock: ${answer.holder}`;
      this.#lose('locked', { message });
    } catch (error) {
      // After another drop, the next script that is sent reopens the connection.
      if (!(error instanceof ConnectionDropped)) this.#lose('unreachable', lossOf(error));
    }
  }

  #lose(absence: Absence, loss: Loss): void {
    this.exclude(loss, this.#options.signal.aborted ? 'interrupted' : absence);
    this.#report(absence, loss);
  }

  #report(absence: Absence, loss: Loss): void {
    if (!this.#options.signal.aborted) this.#options.onLoss(this.host.name, absence, loss);
  }

  /** Further shells first: closing one ends the script it runs, which closing the connection does not wait for. */
  async #end(session: Session, shells: ReadonlyMap<number, Promise<Session>>): Promise<void> {
    const further = await Promise.allSettled([...shells.values()]);
    const others = further.flatMap((shell) => (shell.status === 'fulfilled' ? [shell.value] : []));
    await Promise.allSettled(others.filter((other) => other !== session).map((other) => other.close()));
    await session.close().catch(() => undefined);
  }
}

/** One phase's access to one host: a shell of its own on the host's connection, so that phases do not queue for each other. */
export class Lane {
  readonly #connection: HostConnection;
  readonly #number: number;
  #roundTrips = 0;

  /** Made by `HostConnection.lane`. */
  constructor(connection: HostConnection, number: number) {
    this.#connection = connection;
    this.#number = number;
  }

  get host(): Host {
    return this.#connection.host;
  }

  /** Scripts that were sent on it. */
  get roundTrips(): number {
    return this.#roundTrips;
  }

  /**
   * Runs a change, once the host's lock is held. It is never sent twice. Throws what `Session.run` throws, and
   * `ConnectionDropped` also where the host has no connection or the lock was lost: then only once nothing of the change
   * can still be running, or the host is lost, so that a probe sees its final effect.
   */
  async run(script: string, options: RunOptions): Promise<ScriptResult> {
    const attempt = await this.#connection.attempt();
    try {
      const shell = await this.#connection.shellForChange(this.#number);
      return await this.#send(script, options, attempt, shell);
    } catch (error) {
      if (error instanceof ConnectionDropped) {
        await this.#connection.reopen(this.#number, attempt, { whole: true });
        await this.#connection.relocked();
      }
      throw error;
    }
  }

  /** Runs a script that only reads: after a drop it is sent once more on a new connection. Does not wait for the lock. */
  async read(script: string, options: RunOptions): Promise<ScriptResult> {
    const attempt = await this.#connection.attempt();
    try {
      return await this.#sendRead(script, options, attempt);
    } catch (error) {
      if (!(error instanceof ConnectionDropped)) throw error;
      await this.#connection.reopen(this.#number, attempt);
      return this.#sendRead(script, options, await this.#connection.attempt());
    }
  }

  /**
   * Does `work` while no other phase uses the host's package manager, if `resources` include packages. dpkg would refuse
   * the second one, and a probe in the middle of an installation would find it half done.
   */
  inTurn<T>(resources: readonly ResourceKey[], work: () => Promise<T>): Promise<T> {
    const needed = resources.some((key) => key.startsWith('package:'));
    return needed ? this.#connection.packageManager(work) : work();
  }

  async #sendRead(script: string, options: RunOptions, attempt: Attempt): Promise<ScriptResult> {
    return this.#send(script, options, attempt, await this.#connection.shell(this.#number));
  }

  async #send(
    script: string,
    options: RunOptions,
    attempt: Attempt,
    session: Session,
  ): Promise<ScriptResult> {
    attempt.session = session;
    this.#roundTrips += 1;
    this.#connection.countRoundTrip();
    return session.run(script, options);
  }
}

function lossOf(error: unknown): Loss {
  if (error instanceof ScriptTimeout) {
    return { message: `logged in, but timed out after ${error.timeoutMs / 1000} s waiting for an answer` };
  }
  if (error instanceof OshaError) return { message: error.message, hint: error.hint };
  return { message: error instanceof Error ? error.message : String(error) };
}
