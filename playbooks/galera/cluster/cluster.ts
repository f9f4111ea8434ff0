import type { ClusterOperation, Host, Platform, Probe, ClusterDecision } from 'osha';
import { decideCluster } from './decide.ts';
import { membersOf, evidenceOf, isUnreachable, type Member } from './members.ts';
import { observeMember, type MemberObservation } from './observe.ts';
import { arbitratorOf, observeArbitrator, type ArbitratorObservation } from '../arbitrator.ts';

/** The observation of a member, or of the arbitrator's host. */
export type GaleraObservation = MemberObservation | ArbitratorObservation;

export interface ClusterOptions {
  readonly platform: Platform;
  /** Files that the server reads at startup; default: the configuration file of the platform. */
  readonly configFiles?: readonly string[];
  /**
   * The member to form the cluster from if no decision is safe: the value of `--bootstrap-from`. The data of all other
   * members is given up.
   */
  readonly bootstrapFrom?: string | undefined;
  /** The host of the arbitrator, which is not a member and is stopped while a member is bootstrapped or promoted. */
  readonly arbitrator?: Host;
  /** Seconds for one member to become Synced, including a full state transfer; default 900. */
  readonly syncSeconds?: number;
}

/** Files whose change requires a restart of the server. */
export function configFilesOf(options: Pick<ClusterOptions, 'platform' | 'configFiles'>): readonly string[] {
  return options.configFiles ?? [options.platform.paths.mariadbConf];
}

/** Returns the probe of each host: the state of a member, or of the arbitrator on its host. */
export function probesOf(
  options: Pick<ClusterOptions, 'platform' | 'configFiles' | 'arbitrator'>,
): (host: Host) => Probe<GaleraObservation> {
  const ofMember = observeMember(options.platform, configFilesOf(options));
  const ofArbitrator = observeArbitrator(options.platform);
  return (host) => (host.name === options.arbitrator?.name ? ofArbitrator : ofMember);
}

/**
 * Makes `hosts` one Galera cluster, every member Synced in one Primary component and running on its current
 * configuration: forms it, lets members join, recovers it after an outage. See `decideCluster`.
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

/**
 * Checks that the members are in no cluster yet, or in the one that the inventory calls `clusterName`. Members find
 * each other only under the same name, so one that restarts under another is lost to the rest. Never a change; as the
 * first step of the phase it refuses before a file is written.
 */
export function recognised(
  hosts: readonly Host[],
  options: Pick<ClusterOptions, 'platform' | 'configFiles' | 'arbitrator'> & { readonly clusterName: string },
): ClusterOperation<GaleraObservation> {
  const { arbitrator, clusterName } = options;
  return {
    scope: 'cluster',
    title: `the cluster is called ${clusterName}`,
    members: [...hosts, ...(arbitrator ? [arbitrator] : [])],
    decidesWithoutUnreachable: true,
    probe: probesOf(options),
    decide: (answers) => {
      const answer = arbitrator && answers.get(arbitrator.name);
      const seen = answer?.reachable ? (answer.observed as Partial<ArbitratorObservation>) : {};
      return decideName(membersOf(hosts, answers), clusterName, seen.group);
    },
  };
}

/**
 * Decides by the running servers: a Primary of another name is another cluster. If none runs, decides by the
 * configuration files of members with cluster data; one correct name is enough, because an interrupted run may have
 * left the others.
 */
export function decideName(
  members: readonly Member[],
  clusterName: string,
  arbitratorGroup?: string,
): ClusterDecision {
  const running = members.flatMap((member) =>
    member.kind === 'primary' || member.kind === 'nonPrimary' ? (member.server.clusterName ?? []) : [],
  );
  const live = members.flatMap((member) =>
    member.kind === 'primary' ? (member.server.clusterName ?? []) : [],
  );
  const configured = members.flatMap((member) => configuredName(member) ?? []);
  const atRest = [...configured, ...(arbitratorGroup === undefined ? [] : [arbitratorGroup])];
  const names = new Set(running.length > 0 ? running : atRest);
  const another = live.some((name) => name !== clusterName);
  if (names.size === 0 || (names.has(clusterName) && !another)) return { verdict: 'converged' };
  const found = [...names].filter((name) => name !== clusterName);
  return {
    verdict: 'refuse',
    reason: `the cluster on the hosts is called ${found.join(' and ')}, but the inventory calls it ${clusterName}`,
    hint: `write "name: ${found[0] ?? ''}" in the inventory: a deployed cluster cannot be renamed`,
    evidence: evidenceOf(members),
  };
}

/** The configured name on a member that has cluster data; without such data, a file proves no cluster. */
function configuredName(member: Member): string | undefined {
  if (isUnreachable(member)) return undefined;
  if (member.kind === 'alone') return member.server.replicates ? member.server.clusterName : undefined;
  const { saved, clusterName, process } = member.observed;
  return saved || process !== 'absent' ? clusterName : undefined;
}
