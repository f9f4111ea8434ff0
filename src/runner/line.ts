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
  reopen(host: Host, lane: number, dropped: Attempt): Promise<void>;
  sent(host: string): void;
  packageManager(host: string): <T>(work: () => Promise<T>) => Promise<T>;
}

/** The way of one phase to one host: a shell of its own on the host's connection, so that no phase waits for another's scripts. */
export class Line {
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

  /** Throws `ConnectionDropped`, also where the host has no connection, and what `Session.run` throws. */
  async run(script: string, options: RunOptions): Promise<ScriptResult> {
    return this.#send(script, options, await this.#shells.attempt(this.host.name));
  }

  /** Runs a script that only reads: twice does no harm, so after a drop it is sent once more on a new connection. */
  async read(script: string, options: RunOptions): Promise<ScriptResult> {
    const attempt = await this.#shells.attempt(this.host.name);
    try {
      return await this.#send(script, options, attempt);
    } catch (error) {
      if (!(error instanceof ConnectionDropped)) throw error;
      await this.#shells.reopen(this.host, this.#lane, attempt);
      return this.run(script, options);
    }
  }

  async #send(script: string, options: RunOptions, attempt: Attempt): Promise<ScriptResult> {
    const session = await this.#shells.shell(this.host.name, this.#lane);
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
