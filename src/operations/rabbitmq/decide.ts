import type { Decided } from '../decided.ts';
import type { ClusterDecision, HostChange } from '../../playbook/operation.ts';
import { newerThanStart } from '../newer-files.ts';
import type { ChangeContext } from './changes.ts';
import * as changes from './changes.ts';
import {
  evidenceOf,
  isClustered,
  isReached,
  isRunning,
  isUnreachable,
  names,
  viewOf,
  type Member,
  type Reached,
  type Running,
} from './members.ts';

/**
 * What a RabbitMQ cluster needs, from what its nodes say they are members of; names prove nothing. In this order:
 *
 * 1. Nodes that do not run are started, all at the same time, because after an outage they wait for each other. One
 *    that its cluster has forgotten is started without its data.
 * 2. Nodes outside of the cluster join it, one after another. Where the cluster still lists such a node, it lost its
 *    data: a live peer forgets it first.
 * 3. Nodes with an older configuration are restarted one by one, while all others run.
 * 4. Nodes that keep their data on something else than they should are changed one by one, while all others run:
 *    those that go to disc first, so that there is never a moment with none on disc.
 *
 * Refused: two clusters; a partition, in which both sides took messages; a node with queues of its own, which joining
 * would delete; no cluster in sight while a member cannot be reached, because it may be there.
 */
export function decideMembers(members: readonly Member[], context: ChangeContext): ClusterDecision {
  return { ...decideByCase(members, context), evidence: evidenceOf(members) };
}

function decideByCase(members: readonly Member[], context: ChangeContext): Decided {
  const reached = members.filter(isReached);
  const missing = members.filter(isUnreachable);
  const refused = partitioned(members) ?? twoClusters(reached) ?? outOfSight(reached, missing);
  if (refused) return refused;
  const live = liveCluster(reached);
  const known = new Set(live.flatMap(viewOf));
  const disowned = reached.filter((member) => isDisowned(member, reached, live));
  const seed = seedOf(reached, live);
  const outside = reached.filter(
    (member) => member !== seed && !live.includes(member as Running) && !isClustered(member),
  );
  const guarded = outside.filter((member) => queuesOf(member) > 0);
  if (guarded.length > 0) return ownQueues(guarded);

  const parts: string[] = [];
  const stages: (readonly HostChange[])[] = [];
  // A node that is started without data and then joins is started by its own join, unless others wait for it.
  const asleep = reached.filter((member) => !isRunning(member) && !disowned.includes(member));
  const dropped = live.length > 0 ? disowned.filter((member) => !isRunning(member)) : [];
  const wake = [
    ...asleep.map((member) => wakeUp(context, member)),
    ...dropped.map((member) => changes.startEmpty(context, member.name)),
  ];
  if (wake.length > 0) {
    stages.push(wake);
    parts.push(`not running: ${names([...asleep, ...dropped])}`);
  }
  // What a node without a running broker has in it is known only when it runs: it joins after the next look.
  const joining = outside.filter((member) => isRunning(member) || viewOf(member).length === 0);
  if (joining.length > 0 && seed) {
    parts.push(`not in the cluster of ${seed.node}: ${names(joining)}`);
    for (const member of joining) stages.push(...comeIn(context, member, seed, known));
  }
  if (stages.length > 0) return { verdict: 'change', because: parts.join('; '), stages };
  return rollingRestart(reached, missing, context) ?? rollingRetype(live, members, context);
}

function partitioned(members: readonly Member[]): Decided | undefined {
  const cut = members.filter(isRunning).filter(({ status }) => status.partitions.length > 0);
  if (cut.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `the cluster is partitioned: ${cut
      .map(({ name, status }) => `${name} was cut off from ${status.partitions.join(', ')}`)
      .join('; ')}; both sides may have taken messages`,
    hint: 'restart rabbitmq on the side whose messages to give up, one node after another, and run again',
  };
}

/** Members that know of other nodes, none of them in common: two clusters. */
function twoClusters(reached: readonly Reached[]): Decided | undefined {
  const clustered = reached.filter(isClustered);
  for (const one of clustered) {
    const other = clustered.find((member) => !viewOf(member).some((node) => viewOf(one).includes(node)));
    if (other) {
      return {
        verdict: 'refuse',
        reason: `there are two clusters: ${viewOf(one).join(', ')} and ${viewOf(other).join(', ')}`,
        hint: 'take one of them apart, after moving its messages (rabbitmqctl stop_app, reset, start_app on its nodes), and run again',
      };
    }
  }
  return undefined;
}

function outOfSight(reached: readonly Reached[], missing: readonly Member[]): Decided | undefined {
  if (missing.length === 0 || reached.some(isClustered)) return undefined;
  return {
    verdict: 'refuse',
    reason: `no cluster is in sight, and ${names(missing)} cannot be reached: it may be there`,
    hint: `bring ${names(missing)} back first`,
  };
}

function ownQueues(guarded: readonly Reached[]): Decided {
  const what = guarded.map((member) => `${queuesOf(member)} queues on ${member.name}`).join(', ');
  return {
    verdict: 'refuse',
    reason: `a node is emptied when it joins; that would delete ${what}`,
    hint: 'move their messages and delete these queues first',
  };
}

function queuesOf(member: Reached): number {
  return isRunning(member) ? (member.status.queues ?? 0) : 0;
}

/** The running nodes of the cluster that most of them are in; a single node that runs by itself is none. */
function liveCluster(reached: readonly Reached[]): readonly Running[] {
  const running = reached.filter(isRunning).filter(isClustered);
  let best: readonly Running[] = [];
  for (const member of running) {
    const together = running.filter(
      (other) => viewOf(other).includes(member.node) && viewOf(member).includes(other.node),
    );
    if (together.length > best.length) best = together;
  }
  return best;
}

/** True where a member remembers a cluster that does not know it any more. */
function isDisowned(member: Reached, reached: readonly Reached[], live: readonly Running[]): boolean {
  if (!isClustered(member)) return false;
  if (live.length > 0) return !live.some((other) => viewOf(other).includes(member.node));
  return reached.some(
    (other) =>
      other !== member &&
      isClustered(other) &&
      viewOf(member).includes(other.node) &&
      !viewOf(other).includes(member.node),
  );
}

/** The member that others join: of the live cluster; else one that remembers a cluster; else one with queues; else the first. */
function seedOf(reached: readonly Reached[], live: readonly Running[]): Reached | undefined {
  if (live.length > 0) return live[0];
  // Whoever remembers a cluster has to come up first; who joins it is decided then.
  if (reached.some(isClustered)) return undefined;
  return reached.find((member) => queuesOf(member) > 0) ?? reached[0];
}

function wakeUp(context: ChangeContext, member: Reached): HostChange {
  switch (member.kind) {
    case 'silent':
      return changes.revive(context, member.name, newerThanStart(member.observed.unit).length > 0);
    case 'idle':
      return changes.startBroker(context, member.name);
    default:
      return changes.start(context, member.name);
  }
}

function comeIn(
  context: ChangeContext,
  member: Reached,
  seed: Reached,
  known: ReadonlySet<string>,
): readonly (readonly HostChange[])[] {
  const join = [changes.join(context, member.name, seed.node)];
  if (!known.has(member.node)) return [join];
  return [
    [changes.stopBroker(context, member.name)],
    [changes.forget(context, seed.name, member.node)],
    join,
  ];
}

function rollingRestart(
  reached: readonly Reached[],
  missing: readonly Member[],
  context: ChangeContext,
): Decided | undefined {
  const outdated = reached.filter((member) => newerThanStart(member.observed.unit).length > 0);
  if (outdated.length === 0) return undefined;
  if (missing.length > 0) {
    return {
      verdict: 'refuse',
      reason: `${names(outdated)} runs on an older configuration, and the cluster cannot spare it while ${names(missing)} cannot be reached`,
      hint: `bring ${names(missing)} back first`,
    };
  }
  return {
    verdict: 'change',
    because: `the configuration of ${names(outdated)} is newer than the running broker`,
    stages: outdated.map((member) => {
      const { unit } = member.observed;
      const newer = newerThanStart(unit);
      const ahead = newer.filter((path) => (unit.changed.get(path) ?? 0) > unit.now);
      return [changes.restart(context, member.name, `${newer.join(', ')} is newer`, ahead)];
    }),
  };
}

function rollingRetype(
  live: readonly Running[],
  members: readonly Member[],
  context: ChangeContext,
): Decided {
  const wrong = live.filter((member) => kindNow(member) !== context.kindOf(member.name));
  if (wrong.length === 0) return { verdict: 'converged' };
  const away = members.filter((member) => !live.includes(member as Running));
  if (away.length > 0) {
    return {
      verdict: 'refuse',
      reason: `${names(wrong)} cannot change between disc and memory while ${names(away)} does not run`,
      hint: `bring ${names(away)} back first`,
    };
  }
  const toDisc = wrong.filter((member) => context.kindOf(member.name) === 'disc');
  const toRam = wrong.filter((member) => context.kindOf(member.name) === 'ram');
  const parts = [
    ...(toDisc.length > 0 ? [`${names(toDisc)} should keep its data on disc`] : []),
    ...(toRam.length > 0 ? [`${names(toRam)} should keep its data in memory`] : []),
  ];
  return {
    verdict: 'change',
    because: parts.join('; '),
    stages: [...toDisc, ...toRam].map((member) => [
      changes.retype(context, member.name, context.kindOf(member.name)),
    ]),
  };
}

function kindNow({ node, status }: Running): changes.NodeKind {
  return status.disc.includes(node) ? 'disc' : 'ram';
}
