import type { Host } from '../inventory/types.ts';
import type { PlannedPhase } from '../planner/plan.ts';
import type { ResourceKey } from '../playbook/operation.ts';
import type { Lane } from './host-connection.ts';
import { Observer } from './observer.ts';
import { Pending } from './pending.ts';
import type { PlanRun } from './plan-run.ts';
import { isShared } from './resources.ts';
import { Totals } from './totals.ts';

/**
 * A phase that is being carried out. What it observes, counts and gives up is its own until it ends: a phase that runs in
 * parallel continues with a host that left this one.
 */
export class PhaseRun {
  readonly planRun: PlanRun;
  readonly planned: PlannedPhase;
  readonly pending: Pending;
  /** Of this phase alone. */
  readonly totals: Totals;
  readonly #laneNumber: number;
  readonly #hosts = new Map<string, { readonly lane: Lane; readonly observer: Observer }>();
  /** Hosts that left the phase, and why. */
  readonly #left = new Map<string, string>();

  /** Phases that run at the same time need different numbers; see `Lane`. */
  constructor(planRun: PlanRun, planned: PlannedPhase, laneNumber: number) {
    this.planRun = planRun;
    this.planned = planned;
    this.pending = new Pending(planRun.pending);
    this.totals = new Totals(planRun.plan.hosts.map((host) => host.name));
    this.#laneNumber = laneNumber;
  }

  get isInterrupted(): boolean {
    return this.planRun.isInterrupted;
  }

  /** Drops cached observations, on every host: time has passed. */
  forget(): void {
    for (const { observer } of this.#hosts.values()) observer.forget();
  }

  /** What the phase knows of a host. */
  observer(host: string): Observer {
    return this.#of(host).observer;
  }

  /** The phase's access to a host. */
  lane(host: string): Lane {
    return this.#of(host).lane;
  }

  /** Scripts that the phase sent, by host. */
  roundTrips(hosts: readonly Host[]): Readonly<Record<string, number>> {
    return Object.fromEntries(hosts.map((host) => [host.name, this.lane(host.name).roundTrips]));
  }

  /** The phases of its wave have ended: hands what it learned to those that follow. */
  end(): void {
    for (const [host, reason] of this.#left) this.planRun.left.set(host, reason);
    this.pending.end();
    for (const { observer } of this.#hosts.values()) this.planRun.observers.delete(observer);
  }

  /** Why a host takes no part any more, or `undefined` while it does. */
  whyGone(host: string): string | undefined {
    return this.planRun.whyGone(host) ?? this.#left.get(host);
  }

  /** Takes a host out of the phase, and of those that follow. */
  leave(host: string, reason: string): void {
    this.#left.set(host, reason);
  }

  /** Hosts of a list that still take part. */
  present(hosts: readonly Host[]): readonly Host[] {
    return hosts.filter((host) => this.whyGone(host.name) === undefined);
  }

  /** Drops, in the observers of all phases, what a change on `host` made stale. */
  touched(host: string, touches: readonly ResourceKey[]): void {
    const shared = touches.filter(isShared);
    const own = this.#hosts.get(host)?.observer;
    for (const [observer, observed] of this.planRun.observers) {
      if (observer === own) observer.changed();
      else if (observed === host) observer.changedByOtherPhase();
      else if (shared.length > 0) observer.changedElsewhere(shared);
    }
  }

  #of(host: string): { readonly lane: Lane; readonly observer: Observer } {
    let known = this.#hosts.get(host);
    if (!known) {
      const { probeTimeoutMs, signal } = this.planRun.settings;
      const lane = this.planRun.connections.to(this.planRun.host(host)).lane(this.#laneNumber);
      known = { lane, observer: new Observer(lane, { timeoutMs: probeTimeoutMs, signal }) };
      this.#hosts.set(host, known);
      this.planRun.observers.set(known.observer, host);
    }
    return known;
  }
}
