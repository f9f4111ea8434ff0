import type { Probe, ResourceKey } from '../playbook/operation.ts';

function isShared(key: ResourceKey): boolean {
  return key.startsWith('cluster:') || key.startsWith('database:');
}

/** With `--diff`: what earlier steps would have changed by now, so that nothing is told that cannot be known yet. */
export class Pending {
  readonly #byHost = new Map<string, Set<ResourceKey>>();
  readonly #shared = new Set<ResourceKey>();

  add(host: string, keys: readonly ResourceKey[]): void {
    const own = this.#byHost.get(host) ?? new Set();
    for (const key of keys) (isShared(key) ? this.#shared : own).add(key);
    this.#byHost.set(host, own);
  }

  /** The first thing that `probe` reads on `host` and that is going to change, if there is one. */
  reason(host: string, probe: Probe): ResourceKey | undefined {
    const own = this.#byHost.get(host);
    return probe.reads.find((key) => this.#shared.has(key) || (own?.has(key) ?? false));
  }
}
