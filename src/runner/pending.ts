import type { Probe, ResourceKey } from '../playbook/operation.ts';

function isShared(key: ResourceKey): boolean {
  return key.startsWith('cluster:') || key.startsWith('database:');
}

/**
 * With `--diff`: what earlier steps would have changed by now, so that nothing is told that cannot be known yet. A phase
 * has its own, on top of that of the phases before it: what runs beside it must not decide what it tells.
 */
export class Pending {
  readonly #before: Pending | undefined;
  readonly #byHost = new Map<string, Set<ResourceKey>>();
  readonly #shared = new Set<ResourceKey>();

  constructor(before?: Pending) {
    this.#before = before;
  }

  add(host: string, keys: readonly ResourceKey[]): void {
    const own = this.#byHost.get(host) ?? new Set();
    for (const key of keys) (isShared(key) ? this.#shared : own).add(key);
    this.#byHost.set(host, own);
  }

  /** True while nothing is going to change before what is asked about now. */
  get isEmpty(): boolean {
    const own = [...this.#byHost.values()].some((keys) => keys.size > 0);
    return !own && this.#shared.size === 0 && (this.#before?.isEmpty ?? true);
  }

  /** The phase has ended: hands what it added to the phases after it. */
  end(): void {
    for (const [host, keys] of this.#byHost) this.#before?.add(host, [...keys, ...this.#shared]);
  }

  /** The first thing that `probe` reads on `host` and that is going to change, if there is one. */
  reason(host: string, probe: Probe): ResourceKey | undefined {
    const own = this.#byHost.get(host);
    return (
      this.#before?.reason(host, probe) ??
      probe.reads.find((key) => this.#shared.has(key) || (own?.has(key) ?? false))
    );
  }
}
