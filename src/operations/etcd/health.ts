import type { Host } from '../../inventory/types.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Finding, HealthCheck } from '../../playbook/operation.ts';
import {
  isLed,
  isLive,
  isReached,
  labelOf,
  membersOf,
  names,
  stateOf,
  strangersOf,
  type Live,
  type Member,
} from './members.ts';
import { observeMember, type MemberObservation } from './observe.ts';

/** Every member answers and agrees with a majority; all know one leader, one cluster, and the inventory's members. */
export function healthy(
  hosts: readonly Host[],
  { platform }: { readonly platform: Platform },
): HealthCheck<MemberObservation> {
  return {
    scope: 'health',
    title: 'etcd: every member is healthy, in one cluster with one leader',
    members: hosts,
    probe: (host) => observeMember(platform, host),
    judge: (answers) => judgeMembers(membersOf(hosts, answers), platform.units.etcd),
  };
}

/** One finding on each member, and some on the cluster as a whole. Pure. */
export function judgeMembers(members: readonly Member[], unit: string): readonly Finding[] {
  const live = members.filter(isLive);
  return [
    ...members.map((member) => judgeMember(member, unit)),
    judgeCluster(live),
    judgeLeader(live),
    judgeList(members, live),
    ...strangersOf(members).map((entry) => ({
      subject: `member ${labelOf(entry)}`,
      healthy: entry.name !== '',
      evidence: `${entry.name === '' ? 'added, and never started' : 'listed'}; it is not in the inventory`,
      hint: 'deploy with --prune to remove it, when it is gone for good',
    })),
  ];
}

function judgeMember(member: Member, unit: string): Finding {
  const base = { subject: 'member', host: member.name };
  if (!isReached(member)) return { ...base, healthy: false, evidence: `unreachable: ${member.reason}` };
  const hint = `see "journalctl -u ${unit}" on ${member.name}, or deploy with --only etcd`;
  if (!isLive(member)) {
    const evidence = member.observed.installed ? stateOf(member) : 'not installed';
    return { ...base, healthy: false, evidence, hint };
  }
  const { version, term, index, sizeBytes, errors, healthy } = member.status;
  const facts = `${version}, ${stateOf(member)}, term ${term}, index ${index}, ${(sizeBytes / 1024 / 1024).toFixed(1)} MiB`;
  if (errors.length > 0) return { ...base, healthy: false, evidence: `${facts}; ${errors.join('; ')}`, hint };
  if (!healthy)
    return { ...base, healthy: false, evidence: `${facts}; it does not answer its clients`, hint };
  return { ...base, healthy: true, evidence: facts };
}

function judgeCluster(live: readonly Live[]): Finding {
  const clusters = [...new Set(live.map(({ status }) => status.cluster))];
  return {
    subject: 'cluster',
    healthy: clusters.length === 1,
    evidence: clusters.join(' and ') || 'no member runs',
  };
}

function judgeLeader(live: readonly Live[]): Finding {
  const ids = [...new Set(live.map(({ status }) => status.leader ?? 'none'))];
  const leader = live.find(({ status }) => status.leader === status.member);
  const agreed = ids.length === 1 && live.every(isLed);
  return {
    subject: 'leader',
    healthy: agreed,
    evidence: agreed ? (leader?.name ?? ids.join()) : ids.join(' and ') || 'no member runs',
  };
}

function judgeList(members: readonly Member[], live: readonly Live[]): Finding {
  const lacking = live.flatMap(({ name, status }) => {
    const listed = new Set(status.listed.flatMap(({ peerUrls }) => peerUrls));
    const absent = members.filter(({ peerUrl }) => !listed.has(peerUrl));
    return absent.length > 0 ? [`${name} does not list ${names(absent)}`] : [];
  });
  return {
    subject: 'member list',
    healthy: lacking.length === 0 && live.length > 0,
    evidence:
      live.length === 0
        ? 'no member runs'
        : lacking.join('; ') || `${names(members)}, the same on ${live.length} of ${members.length}`,
  };
}
