import { type ClusterDecision, type Decided, type HostChange, newerThanStart } from 'osha';
import type { ChangeContext } from './changes.ts';
import * as changes from './changes.ts';
import {
  evidenceOf,
  holdingsOf,
  isAlone,
  isBlank,
  isClustered,
  isEmpty,
  isIdle,
  isPaused,
  isReached,
  isRunning,
  isSilent,
  isUnreachable,
  names,
  stoppedStrangersOf,
  viewOf,
  type Member,
  type Reached,
  type Running,
} from './members.ts';
import { refuseAlways, isSafelyForgotten, refuseUnlessAllRun, refuseReset, refuseStuck } from './refusals.ts';
import { firstOf, inTheWay, survivorsOf, unsettled } from './survivors.ts';

/**
 * Decides what a RabbitMQ cluster needs, from the membership that its nodes report; names prove nothing. In this order:
 *
 * 1. Nodes that do not run are started, all at the same time, because after an outage they wait for each other. Nodes
 *    that remember no cluster wait until the nodes of a remembered cluster run: they would come up as a second cluster,
 *    and RabbitMQ does not start while a former member reports that it is alone: one that lost its data and holds nothing is
 *    stopped first. The nodes that still have the cluster's data do not wait for one that lost it.
 * 2. Nodes outside the cluster join it, one at a time, once they are known to be empty. If the cluster still lists such
 *    a node, it lost its data: a live peer forgets it first.
 * 3. Nodes on an older configuration are restarted one at a time, while all others run and see each other.
 * 4. Nodes of the wrong type (disc, ram) are changed one at a time, while all others run: those that become disc nodes
 *    first, so that there is always one.
 * 5. Nodes that the inventory does not list and that do not run are offered for removal once all others run.
 *
 * A node that runs without answering may serve clients. It is neither restarted nor reset: the other nodes are started,
 * then the step refuses with the evidence.
 *
 * Also refuses: two clusters; a partition, in which both sides took messages; to reset a node that holds data or may
 * hold some; to form a cluster while a member cannot be queried, because it may hold one.
 */
export function decideMembers(members: readonly Member[], context: ChangeContext): ClusterDecision {
  return { ...decideByCase(members, context), evidence: evidenceOf(members) };
}

function decideByCase(members: readonly Member[], context: ChangeContext): Decided {
  const reached = members.filter(isReached);
  const live = liveCluster(reached);
  const survivors = survivorsOf(members);
  const empty = survivors ? inTheWay(survivors) : [];
  if (survivors && empty.length > 0) {
    return {
      verdict: 'change',
      because: `${names(empty)} lost its data and runs alone, so that ${names(survivors.holders)}, with the cluster's data, cannot start`,
      stages: [empty.map((member) => changes.stopEmpty(context, member.name))],
      then: `how ${names(survivors.holders)} start`,
    };
  }
  const starting = survivors ? unsettled(survivors) : [];
  if (survivors && starting.length > 0) {
    return {
      verdict: 'change',
      because: `${names(survivors.lost)} lost its data, and ${names(starting)} may wait for it`,
      stages: [starting.map((member) => changes.settle(context, member.name))],
      then: `how ${names(survivors.holders)} start`,
    };
  }
  const refused = refuseAlways(members, reached, live);
  if (refused) return refused;
  const isForming = !reached.some(isClustered);
  const seed = isForming ? seedOf(reached) : live[0];
  const outside = reached.filter(
    (member) => member !== seed && (isBlank(member) || (isAlone(member) && !live.includes(member))),
  );
  const guarded = outside.filter(isRunning).filter((member) => holdingsOf(member).length > 0);
  if (guarded.length > 0 && (isForming || live.length > 0)) return refuseReset(guarded);

  const forgotten = reached.filter((member) => !isRunning(member) && isForgotten(member, reached, live));
  const dropped = live.length > 0 && members.every(isKnown) ? forgotten.filter(isSafelyForgotten) : [];
  const toStart = reached.filter(
    (member) =>
      (member.kind === 'stopped' || (isIdle(member) && !isPaused(member))) &&
      !forgotten.includes(member) &&
      (isForming || live.length > 0 || isClustered(member)),
  );
  const first = survivors && firstOf(survivors);
  const starts = [
    ...toStart.map((member) =>
      member === first ? changes.startFirst(context, member.name) : changeToStart(context, member),
    ),
    ...dropped.map((member) => changes.startEmpty(context, member.name)),
  ];
  const parts: string[] = [];
  const stages: (readonly HostChange[])[] = [];
  if (starts.length > 0) {
    stages.push(starts);
    parts.push(`not running: ${names([...toStart, ...dropped])}`);
    if (first) parts.push(`${names(survivors.lost)} lost its data: the cluster continues without it`);
  }
  const joining = seed ? membersToJoin(outside, reached, isForming) : [];
  if (joining.length > 0 && seed) {
    const known = new Set(live.flatMap(viewOf));
    parts.push(`not in the cluster of ${seed.node}: ${names(joining)}`);
    for (const member of joining) stages.push(...changesToJoin(context, member, seed, known));
  }
  if (stages.length > 0) {
    const isSettled = (member: Reached): boolean =>
      (joining.includes(member) && !(isRunning(member) && isOutdated(member))) ||
      (toStart.includes(member) && isClustered(member)) ||
      (isRunning(member) &&
        !outside.includes(member) &&
        !isOutdated(member) &&
        (!live.includes(member) || currentType(member) === context.typeOf(member.name)));
    const left = reached.filter((member) => !isSettled(member));
    return {
      verdict: 'change',
      because: parts.join('; '),
      stages,
      ...(left.length > 0 ? { then: `what ${names(left)} needs once these nodes run` } : {}),
    };
  }
  return (
    refuseStuck(reached, forgotten) ??
    restartOutdated(reached, members, context) ??
    changeNodeTypes(live, members, context) ??
    forgetStrangers(live, members, context) ?? { verdict: 'converged' }
  );
}

function isKnown(member: Member): boolean {
  return !isUnreachable(member) && !isSilent(member);
}

/** Running nodes of the largest cluster; a single node that runs alone does not count. */
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

/** Whether a member remembers a cluster that no longer lists it. */
function isForgotten(member: Reached, reached: readonly Reached[], live: readonly Running[]): boolean {
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

/** The member that others join if there is no cluster yet: one that holds data, otherwise the first. */
function seedOf(reached: readonly Reached[]): Reached | undefined {
  return reached.find((member) => isRunning(member) && holdingsOf(member).length > 0) ?? reached[0];
}

/**
 * Members that can join now, because they have no data or report that they are empty. A first cluster waits until that
 * is known of every member, so that none with queues has to join one without.
 */
function membersToJoin(
  outside: readonly Reached[],
  reached: readonly Reached[],
  isForming: boolean,
): readonly Reached[] {
  const isReady = (member: Reached): boolean => isBlank(member) || isEmpty(member);
  if (isForming && !reached.every((member) => isBlank(member) || isRunning(member))) return [];
  return outside.filter(isReady);
}

function changeToStart(context: ChangeContext, member: Reached): HostChange {
  return isIdle(member) ? changes.startBroker(context, member.name) : changes.start(context, member.name);
}

function changesToJoin(
  context: ChangeContext,
  member: Reached,
  seed: Reached,
  known: ReadonlySet<string>,
): readonly (readonly HostChange[])[] {
  if (!known.has(member.node)) return [[changes.join(context, member.name, seed.node)]];
  return [
    [changes.stopBroker(context, member.name)],
    [changes.forget(context, seed.name, member.node)],
    [changes.join(context, member.name, seed.node, { returns: true })],
  ];
}

/** Restarts nodes on their newer configuration, one at a time. */
function restartOutdated(
  reached: readonly Reached[],
  members: readonly Member[],
  context: ChangeContext,
): Decided | undefined {
  const outdated = reached.filter(isOutdated);
  if (outdated.length === 0) return undefined;
  const refused = refuseUnlessAllRun(members, `cannot restart ${names(outdated)} on its newer configuration`);
  if (refused) return refused;
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

/** Changes nodes between disc and ram, one at a time. */
function changeNodeTypes(
  live: readonly Running[],
  members: readonly Member[],
  context: ChangeContext,
): Decided | undefined {
  const wrong = live.filter((member) => currentType(member) !== context.typeOf(member.name));
  if (wrong.length === 0) return undefined;
  const toDisc = wrong.filter((member) => context.typeOf(member.name) === 'disc');
  const toRam = wrong.filter((member) => context.typeOf(member.name) === 'ram');
  const parts = [
    ...(toDisc.length > 0 ? [`${names(toDisc)} should keep its data on disc`] : []),
    ...(toRam.length > 0 ? [`${names(toRam)} should keep its data in memory`] : []),
  ];
  const refused = refuseUnlessAllRun(
    members,
    `cannot change where nodes keep their data (${parts.join('; ')})`,
  );
  if (refused) return refused;
  return {
    verdict: 'change',
    because: parts.join('; '),
    stages: [...toDisc, ...toRam].map((member) => [
      changes.retype(context, member.name, context.typeOf(member.name)),
    ]),
  };
}

/** Forgets nodes that the inventory does not list and that do not run, only while all others run and see each other. */
function forgetStrangers(
  live: readonly Running[],
  members: readonly Member[],
  context: ChangeContext,
): Decided | undefined {
  const strangers = stoppedStrangersOf(members);
  const [by] = live;
  if (!by || strangers.length === 0 || refuseUnlessAllRun(members, `cannot forget ${strangers.join(', ')}`))
    return undefined;
  const nodes = live.map(({ node }) => node);
  return {
    verdict: 'change',
    because: `not in the inventory: ${strangers.join(', ')}`,
    stages: strangers.map((node) => [changes.forgetStranger(context, by.name, node, nodes)]),
  };
}

function isOutdated({ observed }: Reached): boolean {
  return newerThanStart(observed.unit).length > 0;
}

function currentType({ node, status }: Running): changes.NodeType {
  return status.disc.includes(node) ? 'disc' : 'ram';
}
