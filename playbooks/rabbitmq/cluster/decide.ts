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
  viewOf,
  type Member,
  type Reached,
  type Running,
} from './members.ts';
import { forbidden, isSafelyForgotten, notSpared, ownData, stuck } from './refusals.ts';

/**
 * What a RabbitMQ cluster needs, from what its nodes say they are members of; names prove nothing. In this order:
 *
 * 1. Nodes that do not run are started, all at the same time, because after an outage they wait for each other. Those
 *    that remember no cluster wait for one that others remember: they would come up as a second one, and RabbitMQ does
 *    not start where a former member says that it is alone.
 * 2. Nodes outside of the cluster join it, one at a time, when they are known to hold nothing. Where the cluster still
 *    lists such a node, it lost its data: a live peer forgets it first.
 * 3. Nodes with an older configuration are restarted one at a time, while all others run and see each other.
 * 4. Nodes that keep their data on something else than they should are changed one at a time, while all others run:
 *    those that go to disc first, so that there is never a moment with none on disc.
 *
 * A node that runs and does not answer is alive: its clients may be served. It is neither restarted nor reset; the rest
 * is started, then the step is refused with what is known.
 *
 * Refused too: two clusters; a partition, in which both sides took messages; a node that would have to be reset and
 * holds anything, or may; no cluster in sight while a member cannot be asked, because it may be there.
 */
export function decideMembers(members: readonly Member[], context: ChangeContext): ClusterDecision {
  return { ...decideByCase(members, context), evidence: evidenceOf(members) };
}

function decideByCase(members: readonly Member[], context: ChangeContext): Decided {
  const reached = members.filter(isReached);
  const live = liveCluster(reached);
  const refused = forbidden(members, reached, live);
  if (refused) return refused;
  const isForming = !reached.some(isClustered);
  const seed = isForming ? seedOf(reached) : live[0];
  const outside = reached.filter(
    (member) => member !== seed && (isBlank(member) || (isAlone(member) && !live.includes(member))),
  );
  const guarded = outside.filter(isRunning).filter((member) => holdingsOf(member).length > 0);
  if (guarded.length > 0 && (isForming || live.length > 0)) return ownData(guarded);

  const forgotten = reached.filter((member) => !isRunning(member) && isForgotten(member, reached, live));
  const dropped = live.length > 0 && members.every(isKnown) ? forgotten.filter(isSafelyForgotten) : [];
  const asleep = reached.filter(
    (member) =>
      (member.kind === 'stopped' || (isIdle(member) && !isPaused(member))) &&
      !forgotten.includes(member) &&
      (isForming || live.length > 0 || isClustered(member)),
  );
  const wake = [
    ...asleep.map((member) => wakeUp(context, member)),
    ...dropped.map((member) => changes.startEmpty(context, member.name)),
  ];
  const parts: string[] = [];
  const stages: (readonly HostChange[])[] = [];
  if (wake.length > 0) {
    stages.push(wake);
    parts.push(`not running: ${names([...asleep, ...dropped])}`);
  }
  const joining = seed ? joiningNow(outside, reached, isForming) : [];
  if (joining.length > 0 && seed) {
    const known = new Set(live.flatMap(viewOf));
    parts.push(`not in the cluster of ${seed.node}: ${names(joining)}`);
    for (const member of joining) stages.push(...comeIn(context, member, seed, known));
  }
  if (stages.length > 0) {
    const isSettled = (member: Reached): boolean =>
      (joining.includes(member) && !(isRunning(member) && isOutdated(member))) ||
      (asleep.includes(member) && isClustered(member)) ||
      (isRunning(member) &&
        !outside.includes(member) &&
        !isOutdated(member) &&
        (!live.includes(member) || kindNow(member) === context.kindOf(member.name)));
    const left = reached.filter((member) => !isSettled(member));
    return {
      verdict: 'change',
      because: parts.join('; '),
      stages,
      ...(left.length > 0 ? { then: `what ${names(left)} needs once these nodes run` } : {}),
    };
  }
  return (
    stuck(reached, forgotten) ??
    rollingRestart(reached, members, context) ??
    rollingRetype(live, members, context)
  );
}

function isKnown(member: Member): boolean {
  return !isUnreachable(member) && !isSilent(member);
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

/** The member that others join where there is no cluster yet: one that holds something; else the first. */
function seedOf(reached: readonly Reached[]): Reached | undefined {
  return reached.find((member) => isRunning(member) && holdingsOf(member).length > 0) ?? reached[0];
}

/**
 * Those that join now: known to hold nothing, because they have no data or say so. The first cluster waits until that
 * is known of every member, so that none with queues has to join one without.
 */
function joiningNow(
  outside: readonly Reached[],
  reached: readonly Reached[],
  isForming: boolean,
): readonly Reached[] {
  const isReady = (member: Reached): boolean => isBlank(member) || isEmpty(member);
  if (isForming && !reached.every((member) => isBlank(member) || isRunning(member))) return [];
  return outside.filter(isReady);
}

function wakeUp(context: ChangeContext, member: Reached): HostChange {
  return isIdle(member) ? changes.startBroker(context, member.name) : changes.start(context, member.name);
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
  members: readonly Member[],
  context: ChangeContext,
): Decided | undefined {
  const outdated = reached.filter(isOutdated);
  if (outdated.length === 0) return undefined;
  const refused = notSpared(members, `${names(outdated)} runs on an older configuration`);
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

function rollingRetype(
  live: readonly Running[],
  members: readonly Member[],
  context: ChangeContext,
): Decided {
  const wrong = live.filter((member) => kindNow(member) !== context.kindOf(member.name));
  if (wrong.length === 0) return { verdict: 'converged' };
  const toDisc = wrong.filter((member) => context.kindOf(member.name) === 'disc');
  const toRam = wrong.filter((member) => context.kindOf(member.name) === 'ram');
  const parts = [
    ...(toDisc.length > 0 ? [`${names(toDisc)} should keep its data on disc`] : []),
    ...(toRam.length > 0 ? [`${names(toRam)} should keep its data in memory`] : []),
  ];
  const refused = notSpared(members, parts.join('; '));
  if (refused) return refused;
  return {
    verdict: 'change',
    because: parts.join('; '),
    stages: [...toDisc, ...toRam].map((member) => [
      changes.retype(context, member.name, context.kindOf(member.name)),
    ]),
  };
}

function isOutdated({ observed }: Reached): boolean {
  return newerThanStart(observed.unit).length > 0;
}

function kindNow({ node, status }: Running): changes.NodeKind {
  return status.disc.includes(node) ? 'disc' : 'ram';
}
