import { type Answers, type Evidence, type Host, rabbitmq } from 'osha';

/**
 * A member as the decision classifies it.
 * - `running`: its broker runs.
 * - `idle`: the Erlang node is up, its broker is stopped or paused.
 * - `silent`: it runs without answering, and may serve clients.
 * - `stopped`: it does not run, or is still starting or stopping.
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

/** Returns the members in inventory order, whatever order the answers came in. */
export function membersOf(
  hosts: readonly Host[],
  answers: Answers<rabbitmq.NodeObservation>,
): readonly Member[] {
  return hosts.map((host): Member => {
    const base = { name: host.name, node: rabbitmq.nodeOf(host) };
    const answer = answers.get(host.name) ?? { reachable: false as const, reason: 'not queried' };
    if (!answer.reachable) return { ...base, kind: 'unreachable', reason: answer.reason };
    const { observed } = answer;
    const status = observed.node ?? (observed.isLetIn ? peersView(base.node, answers) : undefined);
    if (status?.running) return { ...base, kind: 'running', observed, status };
    const { active } = observed.unit;
    // A starting node may answer before its broker runs, or not yet: systemd waits for it.
    if (active === 'activating' || active === 'deactivating') return { ...base, kind: 'stopped', observed };
    if (status) return { ...base, kind: 'idle', observed, status };
    return { ...base, kind: observed.alive || active === 'active' ? 'silent' : 'stopped', observed };
  });
}

/** The status reported by a running peer that sees this node running. */
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

/** Whether it does not run, and only a scheduled restart by systemd could change that. */
export function isAtRest(member: Member): member is Extract<Member, { kind: 'silent' | 'stopped' }> {
  if (member.kind !== 'stopped' || member.observed.alive) return false;
  const { active, sub } = member.observed.unit;
  return active === 'inactive' || active === 'failed' || sub === 'auto-restart';
}

/** Whether it starts, and says that its broker does not run yet: it waits for other nodes. */
export function isWaiting(member: Member): boolean {
  return (
    member.kind === 'stopped' &&
    member.observed.unit.active === 'activating' &&
    member.observed.node?.running === false
  );
}

/** Whether it starts, and does not answer yet. */
export function isStarting(member: Member): boolean {
  if (member.kind !== 'stopped' || member.observed.node !== undefined) return false;
  const { active, sub } = member.observed.unit;
  return active === 'activating' && sub === 'start';
}

/** Whether it does not run and has no data: it would start empty. */
export function isBlank(member: Member): boolean {
  return isAtRest(member) && !member.observed.data;
}

/** The nodes of a member's cluster, as it knows them; none if it has no data. */
export function viewOf(member: Reached): readonly string[] {
  return member.kind === 'running' || member.kind === 'idle'
    ? member.status.members
    : (member.observed.remembers ?? []);
}

/** Whether a member knows other nodes than itself. */
export function isClustered(member: Reached): boolean {
  return viewOf(member).some((node) => node !== member.node);
}

/** Whether a member that answers knows no other node. */
export function isAlone(member: Member): member is Running {
  return (isRunning(member) || isIdle(member)) && !isClustered(member);
}

/**
 * Describes the data that a reset of the node would delete; empty for a new node. Anything that could not be queried
 * counts as data.
 */
export function holdingsOf(member: Running): readonly string[] {
  if (member.kind === 'idle') return ['unknown data, because its broker is stopped'];
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

/** Whether a node runs alone and holds no data, so that nothing is lost when it is reset and joins another. */
export function isEmpty(member: Member): member is Running {
  return isRunning(member) && isAlone(member) && holdingsOf(member).length === 0;
}

/** Member names, for use in a sentence. */
export function names(members: readonly Member[]): string {
  return members.map((member) => member.name).join(', ');
}

/** Nodes of the cluster that the inventory does not list. */
export function strangersOf(members: readonly Member[]): readonly string[] {
  const own = new Set(members.map(({ node }) => node));
  const seen = members.filter(isReached).filter(isClustered).flatMap(viewOf);
  return [...new Set(seen)].filter((node) => !own.has(node));
}

/** Nodes of the cluster that the inventory does not list and that no member sees running. */
export function stoppedStrangersOf(members: readonly Member[]): readonly string[] {
  const seen = new Set(members.filter(isRunning).flatMap(({ status }) => status.runningMembers));
  return strangersOf(members).filter((node) => !seen.has(node));
}

/** The observations behind a decision, as a table. */
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
      ...strangersOf(members).map((node) => [node, 'not in the inventory', '', '', '', '', '']),
    ],
  };
}

/** Describes a member's state. */
export function stateOf(member: Reached): string {
  const { unit, alive, silence } = member.observed;
  const outside = unit.active === 'active' || member.kind === 'stopped' ? '' : ' outside its unit';
  switch (member.kind) {
    case 'running':
      return `running${outside}`;
    case 'idle':
      return member.status.paused ? 'paused: it sees a minority of its cluster' : 'node up, broker stopped';
    case 'silent':
      return `runs${outside}, but does not answer: ${silence?.said ?? 'its unit has no process'}`;
    case 'stopped':
      return alive && unit.active !== 'activating' ? `${unit.active}, still running` : unit.active;
  }
}

function short(node: string): string {
  return node.replace(/^rabbit@/, '');
}
