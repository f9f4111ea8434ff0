import type { Host } from '../inventory/types.ts';
import type { Plan, PlannedPhase, PlannedStep } from '../planner/plan.ts';
import type { Change, ResourceKey } from '../playbook/operation.ts';
import type { Connections } from './connections.ts';
import type { EventSink, Outcome, StepFailure } from './events.ts';
import type { Observer } from './observer.ts';
import type { Pending } from './pending.ts';
import type { Totals } from './totals.ts';

/** How a plan is carried out. */
export interface RunSettings {
  /** `diff` connects and reads, and tells what would change. */
  readonly mode: 'apply' | 'diff';
  /** Hosts worked on at the same time. */
  readonly forks: number;
  /** Whether what osha made and the inventory does not name any more is taken away. */
  readonly prune: boolean;
  /** Milliseconds for one change, unless the change says otherwise. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** One step where it stands in the plan. */
export interface Place {
  readonly phase: PlannedPhase;
  readonly planned: PlannedStep;
}

/** How a step leaves its phase: go on, or do not. */
export type StepEnd =
  | { readonly end: 'done' }
  | { readonly end: 'stop'; readonly outcome: 'failed' | 'deferred'; readonly reason: string };

export const done: StepEnd = { end: 'done' };

/** What the parts of a run share. */
export class RunContext {
  readonly plan: Plan;
  readonly settings: RunSettings;
  readonly connections: Connections;
  readonly totals: Totals;
  readonly pending: Pending;
  readonly emit: EventSink;
  readonly #observers: ReadonlyMap<string, Observer>;
  /** Hosts that left the run, and why. */
  readonly #left = new Map<string, string>();
  /** What has been offered for `--prune` already. */
  readonly #offered = new Set<string>();
  #refused: string | undefined;

  constructor(parts: {
    plan: Plan;
    settings: RunSettings;
    connections: Connections;
    observers: ReadonlyMap<string, Observer>;
    totals: Totals;
    pending: Pending;
    emit: EventSink;
  }) {
    this.plan = parts.plan;
    this.settings = parts.settings;
    this.connections = parts.connections;
    this.#observers = parts.observers;
    this.totals = parts.totals;
    this.pending = parts.pending;
    this.emit = parts.emit;
  }

  get interrupted(): boolean {
    return this.settings.signal.aborted;
  }

  get refused(): string | undefined {
    return this.#refused;
  }

  refuse(reason: string): void {
    this.#refused ??= reason;
  }

  observer(host: string): Observer {
    const observer = this.#observers.get(host);
    if (!observer) throw new Error(`no observer was made for ${host}`);
    return observer;
  }

  /** True for hosts that `--limit` leaves in. */
  mayChange(host: string): boolean {
    return this.plan.hosts.some((allowed) => allowed.name === host);
  }

  /** Why a host takes no part any more, or `undefined` while it does. */
  whyGone(host: string): string | undefined {
    const connected = this.connections.of(host);
    if (!connected.ok) return connected.message;
    return this.#left.get(host);
  }

  leave(host: string, reason: string): void {
    this.#left.set(host, reason);
  }

  /** Hosts of a list that still take part. */
  present(hosts: readonly Host[]): readonly Host[] {
    return hosts.filter((host) => this.whyGone(host.name) === undefined);
  }

  /** Tells every observer what a change on `host` made stale. */
  touched(host: string, touches: readonly ResourceKey[]): void {
    const shared = touches.filter((key) => key.startsWith('cluster:') || key.startsWith('database:'));
    for (const [name, observer] of this.#observers) {
      if (name === host) observer.changed();
      else if (shared.length > 0) observer.changedElsewhere(shared);
    }
  }

  /** The changes to be made: those that take something away only with `--prune`; without it they are told, once each. */
  toMake(place: Place, host: string, changes: readonly Change[]): readonly Change[] {
    return this.settings.prune ? changes : changes.filter((change) => !this.#offer(place, host, change));
  }

  #offer(place: Place, host: string, { prunes, summary }: Change): boolean {
    if (!prunes) return false;
    const key = `${place.phase.name}/${place.planned.id}/${host}/${summary}`;
    if (!this.#offered.has(key)) {
      this.#offered.add(key);
      this.emit({ event: 'prunable', phase: place.phase.name, step: place.planned.id, host, summary });
    }
    return true;
  }

  /** Tells and counts how a host came out of a step. */
  finish(
    place: Place,
    host: string,
    outcome: Outcome,
    durationMs: number,
    more: { note?: string; failure?: StepFailure } = {},
  ): void {
    this.totals.count(host, outcome, durationMs);
    this.emit({
      event: 'host-finished',
      phase: place.phase.name,
      step: place.planned.id,
      host,
      outcome,
      durationMs,
      ...more,
    });
  }
}
