import type { Host } from '../inventory/types.ts';
import type { ClusterOperation, HealthCheck, Operation } from './operation.ts';

/**
 * How a host step goes over its hosts. `all` works on them in parallel, except for changes that restart or stop what runs
 * (see `Change.effects`): those are made on one host at a time.
 */
export type Strategy = { readonly kind: 'all' } | { readonly kind: 'oneAtATime' } | { readonly kind: 'once' };

interface StepBase {
  readonly title: string;
  /** Hosts of the playbook that it runs on; default all of them. */
  readonly hosts?: readonly Host[];
}

/** Operations on each host by itself. */
export interface HostStep extends StepBase {
  readonly kind: 'host';
  readonly strategy: Strategy;
  operations(host: Host): readonly Operation[];
  /** Waited for, on all members, after a host was changed and before the next one is. */
  untilHealthy?(changed: Host): HealthCheck;
  readonly withinMs: number;
}

/** One operation on a whole cluster. */
export interface ClusterStep extends StepBase {
  readonly kind: 'cluster';
  readonly operation: ClusterOperation;
}

/** A health check that has to pass within a time. */
export interface VerifyStep extends StepBase {
  readonly kind: 'verify';
  readonly check: HealthCheck;
  readonly withinMs: number;
}

export type Step = HostStep | ClusterStep | VerifyStep;

export interface StepOptions {
  readonly hosts?: readonly Host[];
  /**
   * One host at a time, in inventory order, whatever is done. Not needed to restart services in turn: that is so in any
   * step.
   */
  readonly oneAtATime?: true;
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
 * One step of a playbook: a title that a person understands, and the operations that make it true. Several operations
 * are done in their order. Work that differs from host to host is a function of the host.
 */
export function step(title: string, work: Work, options: StepOptions = {}): Step {
  const base = { title, ...(options.hosts ? { hosts: options.hosts } : {}) };
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

/** A step that changes nothing and passes once `check` is healthy; fails after `within` milliseconds (default two minutes). */
export function verify(title: string, check: HealthCheck, options: { within?: number } = {}): Step {
  return { kind: 'verify', title, check, withinMs: options.within ?? minutes(2) };
}

/** Milliseconds of so many seconds. */
export function seconds(count: number): number {
  return count * 1000;
}

/** Milliseconds of so many minutes. */
export function minutes(count: number): number {
  return count * 60_000;
}
