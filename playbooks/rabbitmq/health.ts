import {
  type Advice,
  type Finding,
  type HealthCheck,
  type Host,
  ofThoseThatAnswered,
  type Platform,
  rabbitmq,
} from 'osha';
import {
  isReached,
  isPaused,
  isRunning,
  isSilent,
  membersOf,
  stateOf,
  stoppedStrangersOf,
  strangersOf,
  type Member,
} from './cluster/members.ts';
import { hintOf, PAUSED_HINT } from './cluster/refusals.ts';

/**
 * Checks that every node runs and sees all others running, without partitions or alarms. With `named`, also advises on
 * users and policies that the inventory does not list.
 */
export function healthy(
  hosts: readonly Host[],
  options: { readonly platform: Platform; readonly named?: rabbitmq.Named },
): HealthCheck<rabbitmq.NodeObservation> {
  return {
    scope: 'health',
    title: 'RabbitMQ: every node runs in one cluster, without partitions or alarms',
    members: hosts,
    probe: (host) => rabbitmq.observeNode(options.platform, host),
    judge: (answers) => judgeMembers(membersOf(hosts, answers)),
    advise: (answers) => adviseMembers(membersOf(hosts, answers), options.named),
  };
}

/** Returns one finding on each node, and some on the cluster as a whole. Pure. */
export function judgeMembers(members: readonly Member[]): readonly Finding[] {
  const running = members.filter(isRunning);
  const partitions = [...new Set(running.flatMap(({ status }) => status.partitions))];
  const alarms = [...new Set(running.flatMap(({ status }) => status.alarms))];
  const partly = ofThoseThatAnswered(members.filter(isReached).length, members.length);
  return [
    ...members.map((member) => judgeMember(member, members)),
    {
      subject: 'partitions',
      healthy: partitions.length === 0 && running.length > 0,
      evidence: running.length === 0 ? `no node answers${partly}` : partitions.join(', ') || `none${partly}`,
      ...(partitions.length > 0
        ? { hint: 'both sides may have accepted messages: restart rabbitmq on the side to discard' }
        : {}),
    },
    {
      subject: 'alarms',
      healthy: alarms.length === 0 && running.length > 0,
      evidence: running.length === 0 ? `no node answers${partly}` : alarms.join(', ') || `none${partly}`,
      ...(alarms.length > 0
        ? { hint: 'publishers are blocked until memory or disk space is free again' }
        : {}),
    },
    ...stoppedStrangersOf(members).map((node) => ({
      subject: `node ${node}`,
      healthy: false,
      evidence: 'not running, not in the inventory',
      hint: 'if it is gone for good: osha deploy INVENTORY --only rabbitmq --prune',
    })),
  ];
}

/** Advice on running nodes, users and policies that the inventory does not list. Pure. */
export function adviseMembers(members: readonly Member[], named?: rabbitmq.Named): readonly Advice[] {
  const stopped = stoppedStrangersOf(members);
  return [
    ...accountsOf(members.find(isRunning)?.status, named),
    ...strangersOf(members)
      .filter((node) => !stopped.includes(node))
      .map((node) => ({ subject: `node ${node}`, evidence: 'running, not in the inventory' })),
  ];
}

function judgeMember(member: Member, members: readonly Member[]): Finding {
  const base = { subject: 'node', host: member.name };
  if (!isReached(member)) return { ...base, healthy: false, evidence: `unreachable: ${member.reason}` };
  if (!isRunning(member)) {
    return {
      ...base,
      healthy: false,
      evidence: member.observed.installed || member.observed.alive ? stateOf(member) : 'not installed',
      ...(isSilent(member) ? { hint: hintOf([member]) } : {}),
      ...(isPaused(member) ? { hint: PAUSED_HINT } : {}),
    };
  }
  const { status } = member;
  const seen = members.filter(({ node }) => status.runningMembers.includes(node)).length;
  return {
    ...base,
    healthy: seen === members.length,
    evidence: `running ${status.version}${status.disc.includes(member.node) ? '' : ' in memory'}, sees ${seen} of ${members.length} running`,
  };
}

function accountsOf(
  status: rabbitmq.NodeStatus | undefined,
  named: rabbitmq.Named | undefined,
): readonly Advice[] {
  if (!status || !named) return [];
  const left = rabbitmq.leftOver(status, named).map(rabbitmq.inWords);
  const others = rabbitmq.foreign(status, named).map(rabbitmq.inWords);
  const parts = [
    ...(left.length > 0
      ? [
          `made by osha and no longer in the inventory (to remove: osha deploy INVENTORY --only rabbitmq --prune): ${left.join(', ')}`,
        ]
      : []),
    ...(others.length > 0
      ? [`neither made by osha nor in the inventory, left alone: ${others.join(', ')}`]
      : []),
  ];
  return parts.length === 0 ? [] : [{ subject: 'users and policies', evidence: parts.join('; ') }];
}
