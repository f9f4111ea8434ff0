import type { Operation } from './operation.ts';

/** A unit that a cluster manager starts and stops instead of the init system. */
export interface Takeover {
  readonly unit: string;
  /** Names of the hosts. */
  readonly hosts: readonly string[];
  /** The cluster manager's own unit. */
  readonly by: string;
  /** On all of these hosts, or on one of them at a time. */
  readonly runsOn: 'all' | 'one';
  /** Present if the unit is configured in a phase after the cluster's: that phase hands it over. */
  readonly handover?: Handover;
}

/** How the playbook of a unit hands it to a cluster manager that runs it on one host at a time. */
export interface Handover {
  /** First, on each of its hosts: takes it away from the init system. */
  readonly leave: Operation;
  /**
   * Then once, on one of them: makes the cluster run it. Units that are configured together share this operation and are
   * added together. Fails with the error of the cluster.
   */
  readonly run: Operation;
}

/** The takeover of `unit` on a host; `undefined` if the init system runs it. */
export function takeoverOf(takeovers: readonly Takeover[], unit: string, host: string): Takeover | undefined {
  return takeovers.find((takeover) => takeover.unit === unit && takeover.hosts.includes(host));
}
