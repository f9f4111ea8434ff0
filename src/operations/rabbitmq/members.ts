import type { Host } from '../../inventory/types.ts';
import type { Answers, Evidence } from '../../playbook/operation.ts';
import { nodeOf, type NodeObservation, type NodeStatus } from './observe.ts';

/**
 * A member as a decision sees it.
 * - `running`: its broker runs.
 * - `idle`: the Erlang node is up, its broker is stopped or paused.
 * - `silent`: its unit is active, and it does not answer: another cookie, or hung.
 * - `stopped`: its unit is not active, or still on the way.
 */
export type Member = { readonly name: string; readonly node: string } & (
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'running' | 'idle'; readonly observed: NodeObservation; readonly status: NodeStatus }
  | { readonly kind: 'silent' | 'stopped'; readonly observed: NodeObservation }
);

export type Reached = Exclude<Member, { kind: 'unreachable' }>;
export type Running = Extract<Member, { kind: 'running' | 'idle' }>;

/** The members in inventory order, whatever order the answers came in. */
export function membersOf(hosts: readonly Host[], answers: Answers<NodeObservation>): readonly Member[] {
  return hosts.map((host): Member => {
    const base = { name: host.name, node: nodeOf(host) };
    const answer = answers.get(host.name) ?? { reachable: false as const, reason: 'it was not asked' };
    if (!answer.reachable) return { ...base, kind: 'unreachable', reason: answer.reason };
    const { observed } = answer;
    if (observed.unit.active !== 'active') return { ...base, kind: 'stopped', observed };
    const status = observed.node;
    if (!status) return { ...base, kind: 'silent', observed };
    return { ...base, kind: status.running ? 'running' : 'idle', observed, status };
  });
}

export function isRunning(member: Member): member is Running {
  return member.kind === 'running';
}

export function isUnreachable(member: Member): member is Extract<Member, { kind: 'unreachable' }> {
  return member.kind === 'unreachable';
}

export function isReached(member: Member): member is Reached {
  return member.kind !== 'unreachable';
}

/** The nodes of a member's cluster, as far as it knows; none where it has no data. */
export function viewOf(member: Reached): readonly string[] {
  if ((member.kind === 'running' || member.kind === 'idle') && member.status.members.length > 0) {
    return member.status.members;
  }
  return member.observed.remembers ?? [];
}

/** True where a member knows of other nodes than itself. */
export function isClustered(member: Reached): boolean {
  return viewOf(member).some((node) => node !== member.node);
}

/** Names in a sentence. */
export function names(members: readonly Member[]): string {
  return members.map((member) => member.name).join(', ');
}

/** Nodes of the cluster that the inventory does not name. */
export function strangersOf(members: readonly Member[]): readonly string[] {
  const own = new Set(members.map(({ node }) => node));
  const seen = members.filter(isReached).filter(isClustered).flatMap(viewOf);
  return [...new Set(seen)].filter((node) => !own.has(node));
}

/** Everything that a decision rests on. */
export function evidenceOf(members: readonly Member[]): Evidence {
  return {
    columns: ['member', 'broker', 'version', 'its cluster', 'running', 'queues', 'cut off from'],
    rows: [
      ...members.map((member) => {
        if (!isReached(member)) return [member.name, `unreachable: ${member.reason}`, '', '', '', '', ''];
        const status = member.observed.node;
        return [
          member.name,
          member.observed.installed ? stateOf(member) : 'not installed',
          status?.version ?? '',
          viewOf(member).map(short).join(' ') || 'no data',
          status?.runningMembers.map(short).join(' ') ?? '',
          status?.queues === undefined ? '' : String(status.queues),
          status?.partitions.map(short).join(' ') ?? '',
        ];
      }),
      ...strangersOf(members).map((node) => [node, 'not in the inventory: left alone', '', '', '', '', '']),
    ],
  };
}

/** A member's state in words. */
export function stateOf(member: Reached): string {
  switch (member.kind) {
    case 'running':
      return 'running';
    case 'idle':
      return 'node up, broker stopped';
    case 'silent':
      return 'does not answer';
    case 'stopped':
      return member.observed.unit.active;
  }
}

function short(node: string): string {
  return node.replace(/^rabbit@/, '');
}
