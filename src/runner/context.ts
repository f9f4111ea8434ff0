import type { Host } from '../inventory/types.ts';
import type { Plan, PlannedPhase, PlannedStep } from '../planner/plan.ts';
import type { Change, ResourceKey } from '../playbook/operation.ts';
import type { Connections } from './connections.ts';
import type { EventSink, Outcome, StepFailure } from './events.ts';
import type { Lane } from './lane.ts';
import { Observer } from './observer.ts';
import { Pending } from './pending.ts';
import { isShared } from './resources.ts';
import type { RunSettings, Shared } from './shared.ts';
import { Totals } from './totals.ts';

/** One step where it stands in the plan. */
export interface Place {
  readonly phase: PlannedPhase;
  readonly planned: PlannedStep;
}

/** Whether a phase continues after a step. */
export type StepEnd =
  | { readonly end: 'done' }
  | {
      readonly end: 'stop';
      readonly outcome: 'failed' | 'refused' | 'deferred';
      readonly reason: string;
      /** Where the step itself failed or was refused, and not one of its hosts. */
      readonly failure?: StepFailure;
    };

export const done: StepEnd = { end: 'done' };

/**
 * What the parts of one phase share. What it learns, counts and gives up is its own until it ends: a phase that runs
 * beside it goes on with a host that left this one.
 */
export class RunContext {
  readonly shared: Shared;
  readonly pending: Pending;
  /** Of this phase alone. */
  readonly totals: Totals;
  readonly #laneNumber: number;
  readonly #hosts = new Map<string, { readonly lane: Lane; readonly observer: Observer }>();
  /** Hosts that left the phase, and why. */
  readonly #left = new Map<string, string>();
  /** How hosts came out of the step that runs. */
  #outcomes: Outcome[] = [];

  /** Phases that run at the same time need different numbers; see `Lane`. */
  constructor(shared: Shared, laneNumber = 0) {
    this.shared = shared;
    this.pending = new Pending(shared.pending);
    this.totals = new Totals(shared.plan.hosts.map((host) => host.name));
    this.#laneNumber = laneNumber;
  }

  get plan(): Plan {
    return this.shared.plan;
  }

  get settings(): RunSettings {
    return this.shared.settings;
  }

  get connections(): Connections {
    return this.shared.connections;
  }

  get emit(): EventSink {
    return this.shared.emit;
  }

  get interrupted(): boolean {
    return this.settings.signal.aborted;
  }

  refuse(reason: string): void {
    this.shared.refused ??= reason;
  }

  /** Makes the phase look anew at everything, on every host: it has waited for something to come true. */
  forget(): void {
    for (const { observer } of this.#hosts.values()) observer.forget();
  }

  /** What the phase knows of a host. */
  observer(host: string): Observer {
    return this.#of(host).observer;
  }

  /** The phase's way to a host. */
  lane(host: string): Lane {
    return this.#of(host).lane;
  }

  /** Scripts that the phase sent, by host. */
  roundTrips(hosts: readonly Host[]): Readonly<Record<string, number>> {
    return Object.fromEntries(hosts.map((host) => [host.name, this.lane(host.name).roundTrips]));
  }

  /** The phase has ended, and what runs beside it too: hands on what holds for those that follow. */
  end(): void {
    for (const [host, reason] of this.#left) this.shared.left.set(host, reason);
    this.pending.end();
    for (const { observer } of this.#hosts.values()) this.shared.observers.delete(observer);
  }

  /** True for hosts that `--limit` leaves in. */
  mayChange(host: string): boolean {
    return this.plan.hosts.some((allowed) => allowed.name === host);
  }

  /** Why a host takes no part any more, or `undefined` while it does. */
  whyGone(host: string): string | undefined {
    const connected = this.connections.of(host);
    if (!connected.ok) return connected.message;
    return this.shared.left.get(host) ?? this.#left.get(host);
  }

  leave(host: string, reason: string): void {
    this.#left.set(host, reason);
  }

  /** Hosts of a list that still take part. */
  present(hosts: readonly Host[]): readonly Host[] {
    return hosts.filter((host) => this.whyGone(host.name) === undefined);
  }

  /** Tells every observer, of whatever phase, what a change on `host` made stale. */
  touched(host: string, touches: readonly ResourceKey[]): void {
    const shared = touches.filter(isShared);
    const own = this.#hosts.get(host)?.observer;
    for (const [observer, observed] of this.shared.observers) {
      if (observer === own) observer.changed();
      else if (observed === host) observer.changedBeside();
      else if (shared.length > 0) observer.changedElsewhere(shared);
    }
  }

  /** The changes to be made. Those that take something away and may not be made are told instead, once each. */
  toMake(place: Place, host: string, changes: readonly Change[]): readonly Change[] {
    return changes.filter((change) => !this.#offer(place, host, change));
  }

  #offer(place: Place, host: string, { prunes, summary }: Change): boolean {
    if (!prunes || this.#mayPrune(place, host, summary)) return false;
    const key = `${place.phase.name}/${place.planned.id}/${host}/${summary}`;
    if (!this.shared.offered.has(key)) {
      this.shared.offered.add(key);
      this.emit({ event: 'prunable', phase: place.phase.name, step: place.planned.id, host, summary });
    }
    return true;
  }

  #mayPrune({ phase, planned }: Place, host: string, summary: string): boolean {
    const { prune } = this.settings;
    if (typeof prune === 'boolean') return prune;
    return prune.some(
      (confirmed) =>
        confirmed.phase === phase.name &&
        confirmed.step === planned.id &&
        confirmed.host === host &&
        confirmed.summary === summary,
    );
  }

  /** Tells and counts how a host came out of a step. */
  finish(
    place: Place,
    host: string,
    outcome: Outcome,
    durationMs: number,
    more: { note?: string; failure?: StepFailure } = {},
  ): void {
    this.#outcomes.push(outcome);
    this.totals.count(host, outcome, durationMs);
    this.shared.totals.count(host, outcome, durationMs);
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

  /** Tells and counts a change that is made, or announced. */
  tellChange(place: Place, host: string, change: Change, { applied }: { readonly applied: boolean }): void {
    this.#count(host, 'changes');
    this.emit({
      event: 'change',
      phase: place.phase.name,
      step: place.planned.id,
      host,
      summary: change.summary,
      applied,
      ...(change.effects?.length ? { effects: change.effects } : {}),
      ...(change.diff ? { diff: change.diff } : {}),
    });
  }

  /**
   * Tells and counts an operation that may have something to do once `because` has changed, and notes what it may touch:
   * nothing that follows from what is announced is left out.
   */
  tellPossible(
    place: Place,
    host: string,
    possible: {
      readonly operation: string;
      readonly because: ResourceKey;
      readonly touches: readonly ResourceKey[];
    },
  ): void {
    const { operation, because, touches } = possible;
    this.pending.addPossible(host, touches);
    this.#count(host, 'unknown');
    this.emit({
      event: 'may-follow',
      phase: place.phase.name,
      step: place.planned.id,
      host,
      operation,
      because,
    });
  }

  #count(host: string, what: 'changes' | 'unknown'): void {
    this.totals.add(host, what);
    this.shared.totals.add(host, what);
  }

  /** How hosts came out of a step, since this was last asked. */
  takeOutcomes(): readonly Outcome[] {
    const outcomes = this.#outcomes;
    this.#outcomes = [];
    return outcomes;
  }

  /** Counts a step that failed for which no host is to blame. */
  stepFailed(): void {
    this.totals.stepFailed();
    this.shared.totals.stepFailed();
  }

  #of(host: string): { readonly lane: Lane; readonly observer: Observer } {
    let known = this.#hosts.get(host);
    if (!known) {
      const { probeTimeoutMs, signal } = this.settings;
      const lane = this.connections.lane(this.shared.host(host), this.#laneNumber);
      known = { lane, observer: new Observer(lane, { timeoutMs: probeTimeoutMs, signal }) };
      this.#hosts.set(host, known);
      this.shared.observers.set(known.observer, host);
    }
    return known;
  }
}
