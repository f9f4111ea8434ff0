import type { Probe, ResourceKey } from '../playbook/operation.ts';

function isShared(key: ResourceKey): boolean {
  return key.startsWith('cluster:') || key.startsWith('database:');
}

/** `will`: a change that is announced touches it. `may`: an operation may, of which nothing can be known yet. */
type Certainty = 'will' | 'may';

type Keys = Map<ResourceKey, Certainty>;

function note(keys: Keys, key: ResourceKey, certainty: Certainty): void {
  if (keys.get(key) !== 'will') keys.set(key, certainty);
}

/** What a probe reads that is not going to stay as it is. */
export interface PendingReads {
  /** The first of the pending resources, to be named as the reason. */
  readonly because: ResourceKey;
  /** Those of the probe's own reads that are going to change. */
  readonly reads: ReadonlySet<ResourceKey>;
  /** False where one of them only may change, or changes by something in it. */
  readonly certain: boolean;
}

/**
 * With `--diff`: what earlier steps would have changed by now, so that nothing is told that cannot be known yet. A phase
 * has its own, on top of that of the phases before it: what runs beside it must not decide what it tells.
 */
export class Pending {
  readonly #before: Pending | undefined;
  readonly #byHost = new Map<string, Keys>();
  readonly #shared: Keys = new Map();

  constructor(before?: Pending) {
    this.#before = before;
  }

  /** A change that is announced touches `keys`. */
  add(host: string, keys: readonly ResourceKey[]): void {
    this.#note(host, keys, 'will');
  }

  /** An operation that is not known yet may touch what its probe reads. */
  addPossible(host: string, keys: readonly ResourceKey[]): void {
    this.#note(host, keys, 'may');
  }

  /** True while nothing is going to change before what is asked about now. */
  get isEmpty(): boolean {
    const own = [...this.#byHost.values()].some((keys) => keys.size > 0);
    return !own && this.#shared.size === 0 && (this.#before?.isEmpty ?? true);
  }

  /** The phase has ended: hands what it added to the phases after it. */
  end(): void {
    const before = this.#before;
    if (!before) return;
    for (const [host, keys] of this.#byHost) {
      for (const [key, certainty] of [...keys, ...this.#shared]) before.#note(host, [key], certainty);
    }
  }

  /** What `probe` reads on `host` and is going to change, or `undefined` where all of it stays as it is. */
  of(host: string, probe: Pick<Probe, 'reads'>): PendingReads | undefined {
    const found = probe.reads.flatMap((read) => {
      const pending = this.#touching(host, read);
      return pending ? [{ read, ...pending }] : [];
    });
    const [first] = found;
    if (!first) return undefined;
    return {
      because: first.key,
      reads: new Set(found.map(({ read }) => read)),
      certain: found.every(({ read, key, certainty }) => certainty === 'will' && key === read),
    };
  }

  #touching(
    host: string,
    read: ResourceKey,
  ): { readonly key: ResourceKey; readonly certainty: Certainty } | undefined {
    const before = this.#before && this.#before.#touching(host, read);
    if (before) return before;
    const own: ReadonlyMap<ResourceKey, Certainty> = this.#byHost.get(host) ?? new Map();
    for (const keys of [own, this.#shared]) {
      const certainty = keys.get(read);
      if (certainty) return { key: read, certainty };
    }
    if (!read.endsWith('/')) return undefined;
    const inside = [...own].find(([key]) => key.startsWith(read));
    return inside && { key: inside[0], certainty: inside[1] };
  }

  #note(host: string, keys: readonly ResourceKey[], certainty: Certainty): void {
    const own = this.#byHost.get(host) ?? new Map<ResourceKey, Certainty>();
    for (const key of keys) note(isShared(key) ? this.#shared : own, key, certainty);
    this.#byHost.set(host, own);
  }
}
