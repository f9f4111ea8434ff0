import type { Operation } from './operation.ts';

/** A unit that a cluster manager starts and stops, instead of the init system. */
export interface Takeover {
  readonly unit: string;
  /** Names of the hosts on which it does so. */
  readonly hosts: readonly string[];
  /** The cluster manager's own unit. */
  readonly by: string;
  /** On all of these hosts, or on one of them at a time. */
  readonly runsOn: 'all' | 'one';
  /** Present where the unit is configured in a phase after the cluster's own: that phase gives it to the cluster. */
  readonly handover?: Handover;
}

/** What whoever configures a unit does, when it could start, to have a cluster manager run it on one host at a time. */
export interface Handover {
  /** On each of its hosts, first: the init system has nothing to do with it any more. */
  readonly leave: Operation;
  /**
   * Then once, on one of them: the cluster runs it. The same one for units that are configured together: they are brought
   * in at once. Fails with the cluster's own words where it cannot.
   */
  readonly run: Operation;
}

/** What takes `unit` over on the host of that name, if anything does. */
export function takeoverOf(takeovers: readonly Takeover[], unit: string, host: string): Takeover | undefined {
  return takeovers.find((takeover) => takeover.unit === unit && takeover.hosts.includes(host));
}
