/** Limits how many hosts are worked on at the same time. A host counts once, however many phases work on it. */
export class HostLimit {
  readonly #most: number;
  readonly #working = new Map<string, number>();
  readonly #waiting: { readonly host: string; readonly go: () => void }[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Does `work` once the host is admitted. Must not be nested. */
  async run<T>(host: string, work: () => Promise<T>): Promise<T> {
    await this.#turn(host);
    try {
      return await work();
    } finally {
      this.#leave(host);
    }
  }

  /**
   * Within `run`: gives up the host's place while `until` waits for something else, which may itself need one of the places.
   */
  async pause<T>(host: string, until: () => Promise<T>): Promise<T> {
    this.#leave(host);
    try {
      return await until();
    } finally {
      await this.#turn(host);
    }
  }

  async #turn(host: string): Promise<void> {
    if (!this.#enter(host)) await new Promise<void>((go) => this.#waiting.push({ host, go }));
  }

  #enter(host: string): boolean {
    const now = this.#working.get(host) ?? 0;
    if (now === 0 && this.#working.size >= this.#most) return false;
    this.#working.set(host, now + 1);
    return true;
  }

  #leave(host: string): void {
    const left = (this.#working.get(host) ?? 0) - 1;
    if (left > 0) this.#working.set(host, left);
    else this.#working.delete(host);
    const still = this.#waiting.filter((waiting) => {
      const enters = this.#enter(waiting.host);
      if (enters) waiting.go();
      return !enters;
    });
    this.#waiting.splice(0, Infinity, ...still);
  }
}
