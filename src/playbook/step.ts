import type { Host } from '../inventory/types.ts';
import type { ClusterOperation, HealthCheck, Operation } from './operation.ts';

/**
 * The order of hosts in a host step. `all` runs on all hosts in parallel, except for disruptive changes (see
 * `Change.effects`), which run on one host at a time.
 */
export type Strategy = { readonly kind: 'all' } | { readonly kind: 'oneAtATime' } | { readonly kind: 'once' };

interface StepBase {
  readonly title: string;
  /** Default: all hosts of the playbook. */
  readonly hosts?: readonly Host[] | undefined;
  /** Part of `osha recover`; see `StepOptions`. A verification is, unless it awaits other systems. */
  readonly recovers?: true | undefined;
}

/** Operations on each host. */
export interface HostStep extends StepBase {
  readonly kind: 'host';
  readonly strategy: Strategy;
  operations(host: Host): readonly Operation[];
  /** Must become healthy on all members after a host was changed, before the next host. */
  untilHealthy?(changed: Host): HealthCheck;
  readonly withinMs: number;
}

/** One operation on a whole cluster. */
export interface ClusterStep extends StepBase {
  readonly kind: 'cluster';
  readonly operation: ClusterOperation;
}

/** A health check that must pass within a time limit. */
export interface VerifyStep extends StepBase {
  readonly kind: 'verify';
  readonly check: HealthCheck;
  readonly withinMs: number;
  /** See `verify`. */
  readonly awaitsOthers?: true | undefined;
}

export type Step = HostStep | ClusterStep | VerifyStep;

export interface StepOptions {
  readonly hosts?: readonly Host[];
  /**
   * One host at a time, in inventory order, whatever is done. Not needed to restart services in turn: that is so in any
   * step.
   */
  readonly oneAtATime?: true;
  /**
   * It starts, forms or heals the system after an outage: `osha recover` runs these steps and the verifications, in the same
   * order, without the operations that place files. A change that would not be safe is refused by the same decision.
   */
  readonly recovers?: true;
  /** On the first host that is up. */
  readonly once?: true;
  /** After each changed host, and before the next: wait until this is healthy, which may be about that host alone. */
  readonly untilHealthy?: HealthCheck | ((changed: Host) => HealthCheck);
  /** Milliseconds to wait for `untilHealthy`; default two minutes. */
  readonly within?: number;
}

type Work =
  Operation | ClusterOperation | readonly Operation[] | ((host: Host) => Operation | readonly Operation[]);

function asList(work: Operation | readonly Operation[]): readonly Operation[] {
  return Array.isArray(work) ? (work as readonly Operation[]) : [work as Operation];
}

function strategyOf(options: StepOptions): Strategy {
  if (options.once) return { kind: 'once' };
  if (options.oneAtATime) return { kind: 'oneAtATime' };
  return { kind: 'all' };
}

function untilHealthy(check: StepOptions['untilHealthy']): Pick<HostStep, 'untilHealthy'> {
  if (check === undefined) return {};
  return { untilHealthy: typeof check === 'function' ? check : () => check };
}

/**
 * A step of a playbook: a title for people, and the operations, which run in order. Work that differs between hosts is a
 * function of the host.
 */
export function step(title: string, work: Work, options: StepOptions = {}): Step {
  const base = { title, hosts: options.hosts, recovers: options.recovers };
  if (
    typeof work !== 'function' &&
    !Array.isArray(work) &&
    (work as Partial<ClusterOperation> | undefined)?.scope === 'cluster'
  ) {
    return { ...base, kind: 'cluster', operation: work as ClusterOperation };
  }
  const operations =
    typeof work === 'function'
      ? (host: Host) => asList(work(host))
      : () => asList(work as Operation | readonly Operation[]);
  return {
    ...base,
    kind: 'host',
    strategy: strategyOf(options),
    operations,
    withinMs: options.within ?? minutes(2),
    ...untilHealthy(options.untilHealthy),
  };
}

/**
 * A step that only waits until `check` is healthy; fails after `within` milliseconds (default two minutes). `awaitsOthers`:
 * it is about what other systems run, so a recovery of this one does not wait for it.
 */
export function verify(
  title: string,
  check: HealthCheck,
  options: { within?: number; awaitsOthers?: true } = {},
): Step {
  const { within, awaitsOthers } = options;
  return { kind: 'verify', title, check, withinMs: within ?? minutes(2), awaitsOthers };
}

/** Seconds in milliseconds. */
export function seconds(count: number): number {
  return count * 1000;
}

/** Minutes in milliseconds. */
export function minutes(count: number): number {
  return count * 60_000;
}
