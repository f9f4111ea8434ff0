import type { Effect, PendingReads, Probe, ResourceKey } from '../playbook/operation.ts';
import { concerns, isShared } from './resources.ts';

/** What is going to happen to a resource. */
interface Fate {
  /** False where an operation only may change it, of which nothing can be known yet. */
  readonly certain: boolean;
  readonly effects: ReadonlySet<Effect>;
}

type Fates = Map<ResourceKey, Fate>;

function note(fates: Fates, key: ResourceKey, { certain, effects }: Fate): void {
  const known = fates.get(key);
  fates.set(key, {
    certain: certain && (known?.certain ?? true),
    effects: new Set([...(known?.effects ?? []), ...effects]),
  });
}

/** Why a probe will not answer what it answers now. */
export interface PendingProbe {
  /** The first of the pending resources, to be named as the reason. */
  readonly because: ResourceKey;
  /** Absent where one of its reads only may change: nothing follows from it then. */
  readonly reads?: PendingReads | undefined;
}

/**
 * With `--diff`: what earlier steps would have changed by now. A phase has its own, on top of that of the phases before
 * it: what runs in parallel must not decide what it announces.
 */
export class Pending {
  readonly #before: Pending | undefined;
  readonly #byHost = new Map<string, Fates>();
  readonly #shared: Fates = new Map();

  constructor(before?: Pending) {
    this.#before = before;
  }

  /** A change that is announced touches `keys`. */
  add(host: string, keys: readonly ResourceKey[], effects: readonly Effect[] = []): void {
    this.#note(host, keys, { certain: true, effects: new Set(effects) });
  }

  /** An operation that is not known yet may touch what its probe reads. */
  addPossible(host: string, keys: readonly ResourceKey[]): void {
    this.#note(host, keys, { certain: false, effects: new Set() });
  }

  /** True while nothing is going to change before what is asked about now. */
  get isEmpty(): boolean {
    const own = [...this.#byHost.values()].some((fates) => fates.size > 0);
    return !own && this.#shared.size === 0 && (this.#before?.isEmpty ?? true);
  }

  /** The phase has ended: hands what it added to the phases after it. */
  end(): void {
    const before = this.#before;
    if (!before) return;
    for (const [host, fates] of this.#byHost) {
      for (const [key, fate] of [...fates, ...this.#shared]) before.#note(host, [key], fate);
    }
  }

  /** What of `probe`'s reads on `host` is going to change, or `undefined` where all of it stays as it is. */
  of(host: string, probe: Pick<Probe, 'reads'>): PendingProbe | undefined {
    const found = probe.reads.flatMap((read) =>
      this.#fatesOf(host, read).map(([key, fate]) => ({ read, key, fate })),
    );
    const [first] = found;
    if (!first) return undefined;
    if (!found.every(({ fate }) => fate.certain)) return { because: first.key };
    const reads = new Map<ResourceKey, readonly Effect[]>();
    for (const { read, fate } of found) {
      reads.set(read, [...new Set([...(reads.get(read) ?? []), ...fate.effects])]);
    }
    return { because: first.key, reads };
  }

  #fatesOf(host: string, read: ResourceKey): readonly (readonly [ResourceKey, Fate])[] {
    const own = this.#byHost.get(host) ?? new Map<ResourceKey, Fate>();
    const found = [...own, ...this.#shared].filter(([key]) => concerns(key, read));
    return [...(this.#before ? this.#before.#fatesOf(host, read) : []), ...found];
  }

  #note(host: string, keys: readonly ResourceKey[], fate: Fate): void {
    const own = this.#byHost.get(host) ?? new Map<ResourceKey, Fate>();
    for (const key of keys) note(isShared(key) ? this.#shared : own, key, fate);
    this.#byHost.set(host, own);
  }
}
