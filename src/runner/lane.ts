import type { Host } from '../inventory/types.ts';
import type { ResourceKey } from '../playbook/operation.ts';
import { ConnectionDropped } from '../transport/errors.ts';
import type { RunOptions, ScriptResult, Session } from '../transport/session.ts';

/** On what a script was sent. */
export interface Attempt {
  /** How often the host's connection had been opened anew. */
  readonly age: number;
  /** Absent where there was none to be had. */
  session?: Session;
}

/** Where the shells of a run come from; see `Connections`. */
export interface Shells {
  attempt(host: string): Promise<Attempt>;
  shell(host: string, lane: number): Promise<Session>;
  shellForChange(host: string, lane: number): Promise<Session>;
  relocked(host: string): Promise<void>;
  reopen(host: Host, lane: number, dropped: Attempt, how?: { readonly whole?: boolean }): Promise<void>;
  sent(host: string): void;
  packageManager(host: string): <T>(work: () => Promise<T>) => Promise<T>;
}

/** The way of one phase to one host: a shell of its own on the host's connection, so that no phase waits for another's scripts. */
export class Lane {
  readonly host: Host;
  readonly #shells: Shells;
  readonly #lane: number;
  #roundTrips = 0;

  /** Phases that run at the same time need different `lane`s. 0 is the shell that each connection begins with. */
  constructor(host: Host, shells: Shells, lane: number) {
    this.host = host;
    this.#shells = shells;
    this.#lane = lane;
  }

  /** Scripts that were sent on it. */
  get roundTrips(): number {
    return this.#roundTrips;
  }

  /**
   * Runs a change, once the host's lock is held. It is never sent twice. Throws what `Session.run` throws, and
   * `ConnectionDropped` also where the host has no connection or the lock was lost: then only once nothing of the change
   * can still be running, or the host is lost, so that a probe tells what came of it.
   */
  async run(script: string, options: RunOptions): Promise<ScriptResult> {
    const attempt = await this.#shells.attempt(this.host.name);
    try {
      const shell = await this.#shells.shellForChange(this.host.name, this.#lane);
      return await this.#send(script, options, attempt, shell);
    } catch (error) {
      if (error instanceof ConnectionDropped) {
        await this.#shells.reopen(this.host, this.#lane, attempt, { whole: true });
        await this.#shells.relocked(this.host.name);
      }
      throw error;
    }
  }

  /** Runs a script that only reads: twice does no harm, so after a drop it is sent once more on a new connection. Does not wait for the lock. */
  async read(script: string, options: RunOptions): Promise<ScriptResult> {
    const attempt = await this.#shells.attempt(this.host.name);
    try {
      return await this.#sendRead(script, options, attempt);
    } catch (error) {
      if (!(error instanceof ConnectionDropped)) throw error;
      await this.#shells.reopen(this.host, this.#lane, attempt);
      return this.#sendRead(script, options, await this.#shells.attempt(this.host.name));
    }
  }

  async #sendRead(script: string, options: RunOptions, attempt: Attempt): Promise<ScriptResult> {
    return this.#send(script, options, attempt, await this.#shells.shell(this.host.name, this.#lane));
  }

  async #send(
    script: string,
    options: RunOptions,
    attempt: Attempt,
    session: Session,
  ): Promise<ScriptResult> {
    attempt.session = session;
    this.#roundTrips += 1;
    this.#shells.sent(this.host.name);
    return session.run(script, options);
  }

  /**
   * Does `work` when no other phase uses what a host has only one of, and `resources` need: the package manager. Not only
   * would dpkg refuse the second: a probe in the middle of an installation would find it half done.
   */
  inTurn<T>(resources: readonly ResourceKey[], work: () => Promise<T>): Promise<T> {
    const needed = resources.some((key) => key.startsWith('package:'));
    return needed ? this.#shells.packageManager(this.host.name)(work) : work();
  }
}
