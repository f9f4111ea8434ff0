import type { Effect, PendingReads, Probe, ResourceKey } from '../playbook/operation.ts';
import { concerns, isShared } from './resources.ts';

/** A pending change of a resource. */
interface Fate {
  /** False where an operation may change it or not. */
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

/** Why a probe's answer is going to change. */
export interface PendingProbe {
  /** The first of the pending resources, named as the reason. */
  readonly because: ResourceKey;
  /** Absent where one of its reads may change or not: the answer cannot be foreseen then. */
  readonly reads?: PendingReads | undefined;
}

/**
 * With `--diff`: the changes announced by earlier steps. Each phase has its own, on top of those of earlier waves: parallel
 * phases must not affect what it announces.
 */
export class Pending {
  readonly #before: Pending | undefined;
  readonly #byHost = new Map<string, Fates>();
  readonly #shared: Fates = new Map();

  constructor(before?: Pending) {
    this.#before = before;
  }

  /** Adds the resources that an announced change touches. */
  add(host: string, keys: readonly ResourceKey[], effects: readonly Effect[] = []): void {
    this.#note(host, keys, { certain: true, effects: new Set(effects) });
  }

  /** Adds the resources that an operation may touch. */
  addPossible(host: string, keys: readonly ResourceKey[]): void {
    this.#note(host, keys, { certain: false, effects: new Set() });
  }

  /** True while no change is pending. */
  get isEmpty(): boolean {
    const own = [...this.#byHost.values()].some((fates) => fates.size > 0);
    return !own && this.#shared.size === 0 && (this.#before?.isEmpty ?? true);
  }

  /** The phase has ended: passes its changes to later phases. */
  end(): void {
    const before = this.#before;
    if (!before) return;
    for (const [host, fates] of this.#byHost) {
      for (const [key, fate] of [...fates, ...this.#shared]) before.#note(host, [key], fate);
    }
  }

  /** The pending changes of `probe`'s reads on `host`, or `undefined` where none is pending. */
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
