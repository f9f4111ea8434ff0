import { type Answers, type Evidence, type Host, rabbitmq } from 'osha';

/**
 * A member as a decision sees it.
 * - `running`: its broker runs.
 * - `idle`: the Erlang node is up, its broker is stopped or paused.
 * - `silent`: it runs, and does not answer. It is alive: it may serve clients.
 * - `stopped`: it does not run, or is still on the way up or down.
 */
export type Member = { readonly name: string; readonly node: string } & (
  | { readonly kind: 'unreachable'; readonly reason: string }
  | {
      readonly kind: 'running' | 'idle';
      readonly observed: rabbitmq.NodeObservation;
      readonly status: rabbitmq.NodeStatus;
    }
  | { readonly kind: 'silent' | 'stopped'; readonly observed: rabbitmq.NodeObservation }
);

export type Reached = Exclude<Member, { kind: 'unreachable' }>;
export type Running = Extract<Member, { kind: 'running' | 'idle' }>;

/** The members in inventory order, whatever order the answers came in. */
export function membersOf(
  hosts: readonly Host[],
  answers: Answers<rabbitmq.NodeObservation>,
): readonly Member[] {
  return hosts.map((host): Member => {
    const base = { name: host.name, node: rabbitmq.nodeOf(host) };
    const answer = answers.get(host.name) ?? { reachable: false as const, reason: 'it was not asked' };
    if (!answer.reachable) return { ...base, kind: 'unreachable', reason: answer.reason };
    const { observed } = answer;
    const status = observed.node ?? (observed.isLetIn ? peersView(base.node, answers) : undefined);
    if (status?.running) return { ...base, kind: 'running', observed, status };
    const { active } = observed.unit;
    // On its way up it answers before its broker runs, or not yet: systemd is what waits for it.
    if (active === 'activating' || active === 'deactivating') return { ...base, kind: 'stopped', observed };
    if (status) return { ...base, kind: 'idle', observed, status };
    return { ...base, kind: observed.alive || active === 'active' ? 'silent' : 'stopped', observed };
  });
}

/** What a running peer says of the cluster that has this node running too. */
function peersView(
  node: string,
  answers: Answers<rabbitmq.NodeObservation>,
): rabbitmq.NodeStatus | undefined {
  const views = [...answers.values()].flatMap((answer) =>
    answer.reachable && answer.observed.node ? [answer.observed.node] : [],
  );
  return views.find(({ running, runningMembers }) => running && runningMembers.includes(node));
}

export function isRunning(member: Member): member is Running {
  return member.kind === 'running';
}

export function isIdle(member: Member): member is Running {
  return member.kind === 'idle';
}

export function isPaused(member: Member): member is Running {
  return isIdle(member) && member.status.paused;
}

export function isSilent(member: Member): member is Extract<Member, { kind: 'silent' | 'stopped' }> {
  return member.kind === 'silent';
}

export function isUnreachable(member: Member): member is Extract<Member, { kind: 'unreachable' }> {
  return member.kind === 'unreachable';
}

export function isReached(member: Member): member is Reached {
  return member.kind !== 'unreachable';
}

/** It does not run, and nothing but systemd's next try is on the way to change that. */
export function isAtRest(member: Member): member is Extract<Member, { kind: 'silent' | 'stopped' }> {
  if (member.kind !== 'stopped' || member.observed.alive) return false;
  const { active, sub } = member.observed.unit;
  return active === 'inactive' || active === 'failed' || sub === 'auto-restart';
}

/** It does not run and has no data: whatever starts there begins with nothing. */
export function isBlank(member: Member): boolean {
  return isAtRest(member) && !member.observed.data;
}

/** The nodes of a member's cluster, as far as it knows; none where it has no data. */
export function viewOf(member: Reached): readonly string[] {
  return member.kind === 'running' || member.kind === 'idle'
    ? member.status.members
    : (member.observed.remembers ?? []);
}

/** True where a member knows of other nodes than itself. */
export function isClustered(member: Reached): boolean {
  return viewOf(member).some((node) => node !== member.node);
}

/** True where a member that answers knows of no other node. */
export function isAlone(member: Member): member is Running {
  return (isRunning(member) || isIdle(member)) && !isClustered(member);
}

/**
 * What a node holds that a reset would delete, in words; none where it is as a new one is. Everything that it could not
 * be asked about counts.
 */
export function holdingsOf(member: Running): readonly string[] {
  if (member.kind === 'idle') return ['what nobody can ask while its broker is stopped'];
  const { queues, connections, vhosts, users, policies } = member.status;
  const counted = (count: number | undefined, what: string): readonly string[] => {
    if (count === 0) return [];
    return [
      count === undefined ? `an unknown number of ${what}s` : `${count} ${what}${count === 1 ? '' : 's'}`,
    ];
  };
  const named = (all: readonly string[], what: string): readonly string[] =>
    all.length > 0 ? [`${what} ${all.join(', ')}`] : [];
  return [
    ...counted(queues, 'queue'),
    ...counted(connections, 'client connection'),
    ...named(
      vhosts.filter((name) => name !== '/'),
      'virtual host',
    ),
    ...named(
      [...users.keys()].filter((name) => name !== 'guest'),
      'user',
    ),
    ...named(
      [...policies.keys()].map((key) => key.split('\t')[1] ?? key),
      'policy',
    ),
  ];
}

/** A node that runs alone and holds nothing: nothing is lost when it is reset and joins another. */
export function isEmpty(member: Member): member is Running {
  return isRunning(member) && isAlone(member) && holdingsOf(member).length === 0;
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
  const { unit, alive, silence } = member.observed;
  const outside = unit.active === 'active' || member.kind === 'stopped' ? '' : ', not in its unit';
  switch (member.kind) {
    case 'running':
      return `running${outside}`;
    case 'idle':
      return member.status.paused ? 'paused: it sees a minority of its cluster' : 'node up, broker stopped';
    case 'silent':
      return `runs${outside} and does not answer: ${silence?.said ?? 'its unit has no process'}`;
    case 'stopped':
      return alive && unit.active !== 'activating' ? `${unit.active}, still running` : unit.active;
  }
}

function short(node: string): string {
  return node.replace(/^rabbit@/, '');
}
