import type { ClusterOperation, Host, Platform, Probe } from 'osha';
import { arbitratorOf, observeArbitrator, type ArbitratorObservation } from './arbitrator.ts';
import { decideCluster } from './decide.ts';
import { membersOf } from './members.ts';
import { observeMember, type MemberObservation } from './observe.ts';

/** What a host of the cluster answers. */
export type GaleraObservation = MemberObservation | ArbitratorObservation;

export interface ClusterOptions {
  readonly platform: Platform;
  /** Files that the server reads when it starts; default the configuration that the platform names. */
  readonly configFiles?: readonly string[];
  /**
   * The member to form the cluster from where no decision is safe: what `--bootstrap-from` says. Everybody else's data
   * is given up for that member's.
   */
  readonly bootstrapFrom?: string | undefined;
  /** The host of the arbitrator: no member, and stopped while a quorum is given anew. */
  readonly arbitrator?: Host;
  /** Seconds that one member may take to be Synced, a full state transfer included; default 900. */
  readonly syncSeconds?: number;
}

/** The files that a member's server has to be as new as. */
export function configFilesOf(options: Pick<ClusterOptions, 'platform' | 'configFiles'>): readonly string[] {
  return options.configFiles ?? [options.platform.paths.mariadbConf];
}

/** What is asked of each host: of a member, how far its data is; of the arbitrator's, whether that runs. */
export function probesOf(
  options: Pick<ClusterOptions, 'platform' | 'configFiles' | 'arbitrator'>,
): (host: Host) => Probe<GaleraObservation> {
  const ofMember = observeMember(options.platform, configFilesOf(options));
  const ofArbitrator = observeArbitrator(options.platform);
  return (host) => (host.name === options.arbitrator?.name ? ofArbitrator : ofMember);
}

/**
 * `hosts` are one Galera cluster, every member Synced in one Primary component and running on its present
 * configuration. Forms it, lets members join, brings it back after an outage; see `decideCluster` for how.
 */
export function cluster(
  hosts: readonly Host[],
  options: ClusterOptions,
): ClusterOperation<GaleraObservation> {
  const { platform, bootstrapFrom, arbitrator, syncSeconds = 900 } = options;
  return {
    scope: 'cluster',
    title: 'one Galera cluster',
    members: [...hosts, ...(arbitrator ? [arbitrator] : [])],
    decidesWithoutUnreachable: true,
    probe: probesOf(options),
    decide: (answers) =>
      decideCluster(membersOf(hosts, answers), {
        unit: platform.units.mariadb,
        dataDirectory: platform.paths.mariadbData,
        members: hosts.length,
        syncSeconds,
        bootstrapFrom,
        ...(arbitrator
          ? { arbitrator: arbitratorOf(arbitrator, platform, answers.get(arbitrator.name)) }
          : {}),
      }),
  };
}
