import { type ClusterDecision, type Decided, newerThanStart } from 'osha';
import type { ChangeContext } from './changes.ts';
import * as changes from './changes.ts';
import { divided, doubtAbout, elsewhere, isHealthy, movedMember, unlistedAlive } from './doubts.ts';
import { newFormation } from './formation.ts';
import {
  evidenceOf,
  isLed,
  isLive,
  isReached,
  isUnreachable,
  labelOf,
  majorityOf,
  names,
  standIns,
  strangersOf,
  type Live,
  type Member,
  type Reached,
} from './members.ts';
import { withoutLeader } from './no-leader.ts';
import { silentMembers } from './silent.ts';

/**
 * What an etcd cluster needs, from whose data each member has. In this order:
 *
 * 1. Nobody has data, and everybody was reached: all form the cluster together.
 * 2. No leader: those with data are started, where they are a majority.
 * 3. A leader: members that stopped are started, all at once; one that runs and gives no answer is restarted, where the
 *    others can spare it. Those that the cluster does not know, or that lost their data, are taken out of its list and
 *    added again, one at a time.
 * 4. Members on an older configuration are restarted one at a time, the leader last, while all others are healthy.
 *
 * Refused: data of two clusters, that cannot be read, or that may be on another disk; to form a cluster while a member
 * cannot be reached, because one may be there; to continue with less than a majority; to add or restart a member while
 * another one is away; to restart several that give no answer, or to take the data of one that runs. Members that the
 * inventory does not name are offered for removal once all is well, and left alone otherwise.
 */
export function decideMembers(members: readonly Member[], context: ChangeContext): ClusterDecision {
  return { ...decideByCase(members, context), evidence: evidenceOf(members) };
}

/** Refuses where the configuration that osha is about to place would send a member to another directory than its data's. */
export function decideRecognised(members: readonly Member[]): ClusterDecision {
  const refused = elsewhere(members.filter(isReached).filter(({ observed }) => observed.installed));
  return { ...(refused ?? { verdict: 'converged' }), evidence: evidenceOf(members) };
}

function decideByCase(members: readonly Member[], context: ChangeContext): Decided {
  const reached = members.filter(isReached);
  const refused = doubtAbout(reached);
  if (refused) return refused;
  if (reached.every(({ kind }) => kind === 'empty')) return formation(members, reached, context);
  const led = members.filter(isLive).filter(isLed);
  // The one that has heard the most speaks for the cluster: a follower may list its members a moment late. Who that is
  // changes from moment to moment; what is announced is done on the first that knows the leader.
  const [seed] = [...led].sort((a, b) => b.status.index - a.status.index);
  if (!seed) return withoutLeader(members, context);
  const decided = decideWithLeader(members, led, seed, context);
  const started = startedBy(decided);
  const later = reached.filter(
    (member) => (!isListed(member, seed) || isOutdated(member)) && !started.includes(member.name),
  );
  if (decided.verdict !== 'change' || later.length === 0) return decided;
  return { ...decided, then: `what ${names(later)} needs once these members are healthy` };
}

/** Hosts whose member a decision starts on its present configuration. */
function startedBy(decided: Decided): readonly string[] {
  if (decided.verdict !== 'change') return [];
  return decided.stages
    .flat()
    .flatMap(({ host, change }) =>
      change.effects?.includes('starts') || change.effects?.includes('restarts') ? [host] : [],
    );
}

function isOutdated({ observed: { unit } }: Reached): boolean {
  return unit.active === 'active' && newerThanStart(unit).length > 0;
}

function decideWithLeader(
  members: readonly Member[],
  led: readonly Live[],
  seed: Live,
  context: ChangeContext,
): Decided {
  const reached = members.filter(isReached);
  return (
    movedMember(members, seed) ??
    startStopped(reached, seed, context) ??
    unlistedAlive(
      reached.filter((member) => !isListed(member, seed)),
      seed,
    ) ??
    silentMembers(members, votersOf(led), context) ??
    awaitFollowers(reached, seed, context) ??
    takeIn(members, led, seed, context) ??
    rollingRestart(members, led, context) ??
    removeStrangers(members, led, seed, context) ?? { verdict: 'converged' }
  );
}

function formation(members: readonly Member[], reached: readonly Reached[], context: ChangeContext): Decided {
  const missing = members.filter(isUnreachable);
  const [first] = reached;
  if (missing.length > 0 || !first) {
    return {
      verdict: 'refuse',
      reason: `no cluster is in sight, and ${names(missing)} cannot be reached: it may be there`,
      hint: `bring ${names(missing)} back first`,
    };
  }
  const begun = newFormation(context.deployment, context.initialCluster, first.observed.unit.now);
  return {
    verdict: 'change',
    because: 'no member has data: they form the cluster together',
    stages: [
      reached.map((member) => changes.form(context, member, begun)),
      members.map(({ name }) => changes.awaitMember(context, name)),
    ],
  };
}

/** How many members have a vote, by the longest list: one of them may be a moment late. */
function votersOf(led: readonly Live[]): number {
  return Math.max(...led.map(({ status }) => status.listed.length));
}

function isListed(member: Reached, seed: Live): boolean {
  return seed.status.listed.some(({ id }) => id === member.identity?.member);
}

/** Members of the cluster that do not run are started. */
function startStopped(reached: readonly Reached[], seed: Live, context: ChangeContext): Decided | undefined {
  const asleep = reached.filter(
    (member) => isListed(member, seed) && (member.kind === 'stopped' || member.kind === 'starting'),
  );
  if (asleep.length === 0) return undefined;
  return {
    verdict: 'change',
    because: `not running: ${names(asleep)}`,
    stages: [
      asleep.map((member) => changes.start(context, member)),
      asleep.map(({ name }) => changes.awaitMember(context, name)),
    ],
  };
}

/** Those that run without a leader, though there is one, are waited for. */
function awaitFollowers(
  reached: readonly Reached[],
  seed: Live,
  context: ChangeContext,
): Decided | undefined {
  const behind = reached.filter(isLive).filter((member) => isListed(member, seed) && !isLed(member));
  if (behind.length === 0) return undefined;
  return {
    verdict: 'change',
    because: `without a leader: ${names(behind)}`,
    stages: [behind.map(({ name }) => changes.awaitMember(context, name))],
  };
}

function takeIn(
  members: readonly Member[],
  led: readonly Live[],
  seed: Live,
  context: ChangeContext,
): Decided | undefined {
  const outside = members.filter(isReached).filter((member) => !isListed(member, seed));
  if (outside.length === 0) return undefined;
  const refused = divided(led);
  if (refused) return refused;
  const { listed } = seed.status;
  const away = members.filter(isUnreachable).filter((member) => standIns(member, listed).length > 0);
  if (away.length > 0) {
    return {
      verdict: 'refuse',
      reason: `${names(outside)} cannot be added: the cluster cannot afford that while ${names(away)} cannot be reached`,
      hint: `bring ${names(away)} back first`,
    };
  }
  const lost = outside.filter((member) => standIns(member, listed).length > 0);
  const [by = seed] = led;
  const stale = listed.filter((entry) => lost.some((member) => standIns(member, listed).includes(entry)));
  return {
    verdict: 'change',
    because: `not in the cluster of ${names(led)}: ${names(outside)}`,
    stages: [
      // All of them before one is added: a lost member counts for the majority and cannot vote.
      ...(stale.length > 0
        ? [[changes.remove(context, by, stale, `remove ${names(lost)} from the cluster (data lost)`, lost)]]
        : []),
      ...outside.map((member) => [changes.join(context, member, led)]),
    ],
  };
}

function rollingRestart(
  members: readonly Member[],
  led: readonly Live[],
  context: ChangeContext,
): Decided | undefined {
  const outdated = led.filter(isOutdated);
  if (outdated.length === 0) return undefined;
  const away = members.filter((member) => !isHealthy(member));
  const missing = away.filter(
    (member) => away.length > 1 || !outdated.some(({ name }) => name === member.name),
  );
  if (missing.length > 0) {
    return {
      verdict: 'refuse',
      reason: `${names(outdated)} runs on an older configuration, and cannot be spared while ${names(missing)} is not healthy`,
      hint: `bring ${names(missing)} back first`,
    };
  }
  const voters = votersOf(led);
  // Two members cannot spare one at all, and a single one is its whole cluster: their clients wait meanwhile.
  if (voters > 2 && members.length - 1 < majorityOf(voters)) {
    const strangers = strangersOf(members);
    return {
      verdict: 'refuse',
      reason: `${names(outdated)} runs on an older configuration, and cannot be spared: the others are no majority of ${voters} without ${strangers.map(labelOf).join(', ')}, which the inventory does not name`,
      hint: `when it is gone for good, take it out on ${led[0]?.name ?? 'a member'}: etcdctl member remove ${strangers[0]?.id ?? ''}`,
    };
  }
  const leads = (member: Live): number => Number(member.status.leader === member.status.member);
  return {
    verdict: 'change',
    because: `the configuration of ${names(outdated)} is newer than the running etcd`,
    // One that is not well first, and the leader last, so that the cluster elects a new one only once.
    stages: [...outdated]
      .sort((a, b) => Number(a.status.healthy) - Number(b.status.healthy) || leads(a) - leads(b))
      .map((member) => {
        const { unit } = member.observed;
        const newer = newerThanStart(unit);
        const ahead = newer.filter((path) => (unit.changed.get(path) ?? 0) > unit.now);
        const others = led.filter(({ name }) => name !== member.name);
        return [changes.restart(context, member.name, others, `${newer.join(', ')} is newer`, ahead)];
      }),
  };
}

/** Offered only while every member of the inventory has a vote: without the stranger they are a majority by themselves. */
function removeStrangers(
  members: readonly Member[],
  led: readonly Live[],
  seed: Live,
  context: ChangeContext,
): Decided | undefined {
  const strangers = strangersOf(members);
  if (strangers.length === 0 || divided(led)) return undefined;
  if (!members.every((member) => isLive(member) && isLed(member))) return undefined;
  const [by = seed] = led;
  return {
    verdict: 'change',
    because: `not in the inventory: ${strangers.map(labelOf).join(', ')}`,
    stages: strangers.map((entry) => {
      const { host, change } = changes.remove(
        context,
        by,
        [entry],
        `remove the member ${labelOf(entry)} from the cluster`,
      );
      return [{ host, change: { ...change, prunes: true as const } }];
    }),
  };
}
