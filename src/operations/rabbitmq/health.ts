import type { Host } from '../../inventory/types.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Finding, HealthCheck } from '../../playbook/operation.ts';
import { isReached, isRunning, membersOf, stateOf, strangersOf, type Member } from './members.ts';
import { observeNode, type NodeObservation } from './observe.ts';

/** Every node runs and sees all others run; no partition, no alarm. */
export function healthy(
  hosts: readonly Host[],
  options: { readonly platform: Platform },
): HealthCheck<NodeObservation> {
  return {
    scope: 'health',
    title: 'RabbitMQ: every node runs in one cluster, without partitions or alarms',
    members: hosts,
    probe: (host) => observeNode(options.platform, host),
    judge: (answers) => judgeMembers(membersOf(hosts, answers)),
  };
}

/** One finding on each node, and some on the cluster as a whole. Pure. */
export function judgeMembers(members: readonly Member[]): readonly Finding[] {
  const running = members.filter(isRunning);
  const partitions = [...new Set(running.flatMap(({ status }) => status.partitions))];
  const alarms = [...new Set(running.flatMap(({ status }) => status.alarms))];
  const seen = new Set(running.flatMap(({ status }) => status.runningMembers));
  return [
    ...members.map((member) => judgeMember(member, members)),
    {
      subject: 'partitions',
      healthy: partitions.length === 0 && running.length > 0,
      evidence: running.length === 0 ? 'no node runs' : partitions.join(', ') || 'none',
      ...(partitions.length > 0
        ? { hint: 'both sides may have taken messages: restart rabbitmq on the side to give up' }
        : {}),
    },
    {
      subject: 'alarms',
      healthy: alarms.length === 0 && running.length > 0,
      evidence: running.length === 0 ? 'no node runs' : alarms.join(', ') || 'none',
      ...(alarms.length > 0
        ? { hint: 'publishers are blocked until there is memory or disk space again' }
        : {}),
    },
    ...strangersOf(members).map((node) => ({
      subject: `node ${node}`,
      healthy: seen.has(node),
      evidence: `${seen.has(node) ? 'running' : 'not running'}, and not in the inventory`,
      hint: `rabbitmqctl forget_cluster_node ${node}, when it is gone for good`,
    })),
  ];
}

function judgeMember(member: Member, members: readonly Member[]): Finding {
  const base = { subject: 'node', host: member.name };
  if (!isReached(member)) return { ...base, healthy: false, evidence: `unreachable: ${member.reason}` };
  if (!isRunning(member)) {
    return {
      ...base,
      healthy: false,
      evidence: member.observed.installed ? stateOf(member) : 'not installed',
    };
  }
  const { status } = member;
  const seen = members.filter(({ node }) => status.runningMembers.includes(node)).length;
  return {
    ...base,
    healthy: seen === members.length,
    evidence: `running ${status.version}, sees ${seen} of ${members.length} running`,
  };
}
