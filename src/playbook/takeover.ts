/** A unit that a cluster manager starts and stops, instead of the init system. */
export interface Takeover {
  readonly unit: string;
  /** Names of the hosts on which it does so. */
  readonly hosts: readonly string[];
  /** The cluster manager's own unit. */
  readonly by: string;
  /** On all of these hosts, or on one of them at a time. */
  readonly runsOn: 'all' | 'one';
}

/** What takes `unit` over on the host of that name, if anything does. */
export function takeoverOf(takeovers: readonly Takeover[], unit: string, host: string): Takeover | undefined {
  return takeovers.find((takeover) => takeover.unit === unit && takeover.hosts.includes(host));
}
