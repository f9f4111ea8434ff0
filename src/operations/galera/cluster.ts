import type { Host } from '../../inventory/types.ts';
import type { Platform } from '../../platform/platform.ts';
import type { ClusterOperation } from '../../playbook/operation.ts';
import { decideCluster } from './decide.ts';
import { membersOf } from './members.ts';
import { observeMember, type MemberObservation } from './observe.ts';

export interface ClusterOptions {
  readonly platform: Platform;
  /** Files that the server reads when it starts; default the configuration that the platform names. */
  readonly configFiles?: readonly string[];
  /**
   * The member to form the cluster from where no decision is safe: what `--bootstrap-from` says. Everybody else's data
   * is given up for that member's.
   */
  readonly bootstrapFrom?: string;
  /** Seconds that one member may take to be Synced, a full state transfer included; default 900. */
  readonly syncSeconds?: number;
}

/** The files that a member's server has to be as new as. */
export function configFilesOf(options: Pick<ClusterOptions, 'platform' | 'configFiles'>): readonly string[] {
  return options.configFiles ?? [options.platform.paths.mariadbConf];
}

/**
 * `hosts` are one Galera cluster, every member Synced in one Primary component and running on its present
 * configuration. Forms it, lets members join, brings it back after an outage; see `decideCluster` for how.
 */
export function cluster(
  hosts: readonly Host[],
  options: ClusterOptions,
): ClusterOperation<MemberObservation> {
  const { platform, bootstrapFrom, syncSeconds = 900 } = options;
  const probe = observeMember(platform, configFilesOf(options));
  return {
    scope: 'cluster',
    title: 'one Galera cluster',
    members: hosts,
    probe: () => probe,
    decide: (answers) =>
      decideCluster(membersOf(hosts, answers), {
        unit: platform.units.mariadb,
        dataDirectory: platform.paths.mariadbData,
        members: hosts.length,
        syncSeconds,
        ...(bootstrapFrom === undefined ? {} : { bootstrapFrom }),
      }),
  };
}
