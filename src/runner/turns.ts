import { OshaError } from '../text/error.ts';
/** A host's disruptive change was not made, because another host of the step failed. */
export class HeldBack extends OshaError {
  override name = 'HeldBack';
}

/**
 * Lets the hosts of one step make disruptive changes one host at a time, in the order of the step. The first turn comes
 * once each of the others has ended or waits for its own: what does not run is started before what runs is restarted.
 * After a failure nobody gets a turn any more.
 */
export class Turns {
  readonly #order: readonly string[];
  readonly #busy: Set<string>;
  readonly #waiting = new Map<string, (failed: string | undefined) => void>();
  #holder: string | undefined;
  #failed: string | undefined;

  /** Every one of `hosts` has to come to `end`. */
  constructor(hosts: readonly string[]) {
    this.#order = hosts;
    this.#busy = new Set(hosts);
  }

  /** True for the host whose turn it is: until it ends. */
  isOf(host: string): boolean {
    return this.#holder === host;
  }

  /** Waits for the host's turn. Returns the host that failed, where it does not come. */
  wait(host: string): Promise<string | undefined> {
    const turn = new Promise<string | undefined>((come) => this.#waiting.set(host, come));
    this.#busy.delete(host);
    this.#next();
    return turn;
  }

  /** The host is done with the step, whether it had a turn or not. */
  end(host: string, outcome: 'done' | 'failed'): void {
    if (outcome === 'failed') this.#failed ??= host;
    this.#busy.delete(host);
    if (this.#holder === host) this.#holder = undefined;
    this.#next();
  }

  #next(): void {
    if (this.#busy.size > 0 || this.#holder !== undefined) return;
    for (const host of this.#order) {
      const come = this.#waiting.get(host);
      if (!come) continue;
      this.#waiting.delete(host);
      if (this.#failed === undefined) this.#holder = host;
      come(this.#failed);
      if (this.#holder !== undefined) return;
    }
  }
}
