import type { ClusterDecision, ClusterOperation, Host } from 'osha';
import type { ArbitratorObservation } from './arbitrator.ts';
import { probesOf, type ClusterOptions, type GaleraObservation } from './cluster.ts';
import { evidenceOf, isUnreachable, membersOf, type Member } from './members.ts';

/**
 * The members are in no cluster yet, or in the one that the inventory calls `clusterName`. Members only meet under one
 * name, so a member that is restarted under another is lost to the rest. It is the first step of the phase: refused
 * before a file is written. Pure, and never a change.
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
 * What runs decides: a Primary of another name is another cluster. Where none runs, the names in the files of members
 * that have a cluster's data do, and one right one among them is enough: an interrupted run left the others.
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
    reason: `the hosts' cluster is called ${found.join(' and ')}; the inventory calls it ${clusterName}`,
    hint: `write "name: ${found[0] ?? ''}" in the inventory: a cluster that is deployed cannot get another name`,
    evidence: evidenceOf(members),
  };
}

/** The name in the files of a member that has data of a cluster; on any other, a file says nothing of a cluster. */
function configuredName(member: Member): string | undefined {
  if (isUnreachable(member)) return undefined;
  if (member.kind === 'alone') return member.server.replicates ? member.server.clusterName : undefined;
  const { saved, clusterName, process } = member.observed;
  return saved || process !== 'absent' ? clusterName : undefined;
}
