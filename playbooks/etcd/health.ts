import {
  type Advice,
  type Finding,
  type HealthCheck,
  type Host,
  ofThoseThatAnswered,
  type Platform,
} from 'osha';
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
} from './cluster/members.ts';
import { CLIENT_PORT } from './layout.ts';
import { observeMember, type MemberObservation } from './cluster/observe.ts';

/**
 * Checks that every member answers and is in touch with a majority, and that all agree on leader, cluster and member
 * list.
 */
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
    advise: (answers) => adviseMembers(membersOf(hosts, answers)),
  };
}

/** Returns one finding on each member, and some on the cluster as a whole. Pure. */
export function judgeMembers(members: readonly Member[], unit: string): readonly Finding[] {
  const live = members.filter(isLive);
  const partly = ofThoseThatAnswered(members.filter(isReached).length, members.length);
  return [
    ...members.map((member) => judgeMember(member, unit)),
    judgeCluster(live, partly),
    judgeLeader(live, partly),
    judgeList(members, live, partly),
    ...strangersOf(members)
      .filter(({ name }) => name === '')
      .map((entry) => ({
        subject: `member ${labelOf(entry)}`,
        healthy: false,
        evidence: 'added but never started; not in the inventory',
        hint: REMOVE,
      })),
  ];
}

const REMOVE = 'if it is gone for good, remove it with: osha deploy INVENTORY --only etcd --prune';

/** Advice on members that the inventory does not list. Pure. */
export function adviseMembers(members: readonly Member[]): readonly Advice[] {
  return strangersOf(members)
    .filter(({ name }) => name !== '')
    .map((entry) => ({
      subject: `member ${labelOf(entry)}`,
      evidence: 'listed by the cluster, but not in the inventory',
      hint: REMOVE,
    }));
}

function judgeMember(member: Member, unit: string): Finding {
  const base = { subject: 'member', host: member.name };
  if (!isReached(member)) return { ...base, healthy: false, evidence: `unreachable: ${member.reason}` };
  const hint = `see "journalctl -u ${unit}" on ${member.name}, or run: osha deploy INVENTORY --only etcd`;
  const { observed } = member;
  const disk =
    observed.unmounted === undefined
      ? ''
      : `; its data belongs on ${observed.unmounted}, which is not mounted`;
  if (member.kind === 'silent') {
    const ask = `query it on ${member.name}: curl -q --noproxy '*' http://127.0.0.1:${CLIENT_PORT}/health`;
    return { ...base, healthy: false, evidence: stateOf(member), hint: ask };
  }
  if (!isLive(member)) {
    const evidence = observed.installed ? `${stateOf(member)}${disk}` : 'not installed';
    return { ...base, healthy: false, evidence, hint };
  }
  const { version, term, index, sizeBytes, errors, healthy } = member.status;
  const facts = `${version}, ${stateOf(member)}, term ${term}, index ${index}, ${(sizeBytes / 1024 / 1024).toFixed(1)} MiB`;
  const wrong = [
    ...errors,
    ...(healthy ? [] : ['does not answer clients']),
    ...(observed.unit.active === 'active'
      ? []
      : [`${unit}.service did not start it, and cannot start while it runs`]),
  ];
  const evidence = [facts, ...wrong].join('; ');
  return { ...base, healthy: wrong.length === 0, evidence, ...(wrong.length > 0 ? { hint } : {}) };
}

function judgeCluster(live: readonly Live[], partly: string): Finding {
  const clusters = [...new Set(live.map(({ status }) => status.cluster))];
  return {
    subject: 'cluster',
    healthy: clusters.length === 1,
    evidence: clusters.join(' and ') || `no member answers${partly}`,
  };
}

function judgeLeader(live: readonly Live[], partly: string): Finding {
  const ids = [...new Set(live.map(({ status }) => status.leader ?? 'none'))];
  const leader = live.find(({ status }) => status.leader === status.member);
  const agreed = ids.length === 1 && live.every(isLed);
  return {
    subject: 'leader',
    healthy: agreed,
    evidence: agreed ? (leader?.name ?? ids.join()) : ids.join(' and ') || `no member answers${partly}`,
  };
}

function judgeList(members: readonly Member[], live: readonly Live[], partly: string): Finding {
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
        ? `no member answers${partly}`
        : lacking.join('; ') || `${names(members)}, the same on ${live.length} of ${members.length}`,
  };
}
