import { type ClusterDecision, type Decided, newerThanStart } from 'osha';
import * as changes from './changes.ts';
import type { ChangeContext } from './changes.ts';
import {
  refuseDivided,
  refuseUnclear,
  refuseDataElsewhere,
  refuseMoved,
  refuseUnlistedRunning,
} from './refusals.ts';
import {
  evidenceOf,
  isLed,
  isLive,
  isReached,
  isUnreachable,
  labelOf,
  majorityOf,
  names,
  entriesFor,
  strangersOf,
  type Live,
  type Member,
  type Reached,
  isForming,
  isHealthy,
  mayServe,
  stateOf,
} from './members.ts';
import { newFormation } from './identity.ts';

/**
 * Decides what an etcd cluster needs, from the data that each member has. In this order:
 *
 * 1. No member has data, and all are reachable: all form the cluster together.
 * 2. No leader: the members with data are started, if they are a majority.
 * 3. A leader: stopped members are started, all at once; one that runs without answering is restarted, if the others
 *    are a healthy majority. Members that the cluster does not list, or that lost their data, are removed from its list
 *    and added again, one at a time.
 * 4. Members on an older configuration are restarted one at a time, the leader last, while all others are healthy.
 *
 * Refuses: data of two clusters, unreadable data, data that may be on a missing disk; to form a cluster while a member
 * is unreachable, because it may hold one; to continue without a majority; to add or restart a member while another is
 * away; to restart several that do not answer; to move the data of a running member. Members that the inventory does
 * not list are offered for removal once all others are healthy, and left alone otherwise.
 */
export function decideMembers(members: readonly Member[], context: ChangeContext): ClusterDecision {
  return { ...decideByCase(members, context), evidence: evidenceOf(members) };
}

/**
 * Refuses if the configuration that osha is about to write points a member at another directory than that of its data.
 */
export function decideRecognised(members: readonly Member[]): ClusterDecision {
  const refused = refuseDataElsewhere(members.filter(isReached).filter(({ observed }) => observed.installed));
  return { ...(refused ?? { verdict: 'converged' }), evidence: evidenceOf(members) };
}

function decideByCase(members: readonly Member[], context: ChangeContext): Decided {
  const reached = members.filter(isReached);
  const refused = refuseUnclear(reached);
  if (refused) return refused;
  if (reached.every(({ kind }) => kind === 'empty')) return formation(members, reached, context);
  const led = members.filter(isLive).filter(isLed);
  // The member with the highest index speaks for the cluster, because a follower's list may lag. That member changes all
  // the time, so removals run on the first member with a leader: the plan then names the host that deploy uses.
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

/** Hosts whose member the decision starts on its current configuration. */
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
    refuseMoved(members, seed) ??
    startStopped(reached, seed, context) ??
    refuseUnlistedRunning(
      reached.filter((member) => !isListed(member, seed)),
      seed,
    ) ??
    restartSilentMember(members, votersOf(led), context) ??
    awaitFollowers(reached, seed, context) ??
    addMembers(members, led, seed, context) ??
    restartOutdated(members, led, context) ??
    removeStrangers(members, led, seed, context) ?? { verdict: 'converged' }
  );
}

function formation(members: readonly Member[], reached: readonly Reached[], context: ChangeContext): Decided {
  const missing = members.filter(isUnreachable);
  const [first] = reached;
  if (missing.length > 0 || !first) {
    return {
      verdict: 'refuse',
      reason: `no reachable member has data, and ${names(missing)} cannot be reached: the cluster may be there`,
      hint: `bring ${names(missing)} back first`,
    };
  }
  const begun = newFormation(context.deployment, context.initialCluster, first.observed.unit.now);
  return {
    verdict: 'change',
    because: 'no member has data: all of them form the cluster',
    stages: [
      reached.map((member) => changes.form(context, member, begun)),
      members.map(({ name }) => changes.awaitMember(context, name)),
    ],
  };
}

/** Number of voting members, by the longest list: other lists may lag. */
function votersOf(led: readonly Live[]): number {
  return Math.max(...led.map(({ status }) => status.listed.length));
}

function isListed(member: Reached, seed: Live): boolean {
  return seed.status.listed.some(({ id }) => id === member.identity?.member);
}

/** Starts the members of the cluster that do not run. */
function startStopped(reached: readonly Reached[], seed: Live, context: ChangeContext): Decided | undefined {
  const toStart = reached.filter(
    (member) => isListed(member, seed) && (member.kind === 'stopped' || member.kind === 'starting'),
  );
  if (toStart.length === 0) return undefined;
  return {
    verdict: 'change',
    because: `not running: ${names(toStart)}`,
    stages: [
      toStart.map((member) => changes.start(context, member)),
      toStart.map(({ name }) => changes.awaitMember(context, name)),
    ],
  };
}

/** Waits for members that run without a leader although the cluster has one. */
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

/** Adds members that the cluster does not list, after it removes the list entries of those that lost their data. */
function addMembers(
  members: readonly Member[],
  led: readonly Live[],
  seed: Live,
  context: ChangeContext,
): Decided | undefined {
  const outside = members.filter(isReached).filter((member) => !isListed(member, seed));
  if (outside.length === 0) return undefined;
  const refused = refuseDivided(led);
  if (refused) return refused;
  const { listed } = seed.status;
  const away = members.filter(isUnreachable).filter((member) => entriesFor(member, listed).length > 0);
  if (away.length > 0) {
    return {
      verdict: 'refuse',
      reason: `cannot add ${names(outside)} while ${names(away)} cannot be reached: that could cost the cluster its quorum`,
      hint: `bring ${names(away)} back first`,
    };
  }
  const lost = outside.filter((member) => entriesFor(member, listed).length > 0);
  const [by = seed] = led;
  const stale = listed.filter((entry) => lost.some((member) => entriesFor(member, listed).includes(entry)));
  return {
    verdict: 'change',
    because: `not in the cluster of ${names(led)}: ${names(outside)}`,
    stages: [
      // Remove all of them before adding one: a lost member counts toward the majority but cannot vote.
      ...(stale.length > 0
        ? [
            [
              changes.remove(context, by, stale, {
                summary: `remove ${names(lost)} from the cluster (data lost)`,
                absent: lost,
              }),
            ],
          ]
        : []),
      ...outside.map((member) => [changes.join(context, member, led)]),
    ],
  };
}

/** Restarts members on their newer configuration, one at a time. */
function restartOutdated(
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
      reason: `cannot restart ${names(outdated)} on its newer configuration while ${names(missing)} is not healthy`,
      hint: `bring ${names(missing)} back first`,
    };
  }
  const voters = votersOf(led);
  // One or two members have no majority without the restarted one in any case: their clients wait.
  if (voters > 2 && members.length - 1 < majorityOf(voters)) {
    const strangers = strangersOf(members);
    return {
      verdict: 'refuse',
      reason: `cannot restart ${names(outdated)} on its newer configuration: without ${strangers.map(labelOf).join(', ')}, which the inventory does not list, the other members are no majority of ${voters}`,
      hint: `if ${strangers.map(labelOf).join(', ')} is gone for good, remove it on ${led[0]?.name ?? 'a member'}: etcdctl member remove ${strangers[0]?.id ?? ''}`,
    };
  }
  const leads = (member: Live): number => Number(member.status.leader === member.status.member);
  return {
    verdict: 'change',
    because: `the configuration of ${names(outdated)} is newer than the running etcd`,
    // An unhealthy member first, and the leader last, so that the cluster elects a new leader only once.
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

/** Removes members that the inventory does not list, only while all others vote: they remain a majority without it. */
function removeStrangers(
  members: readonly Member[],
  led: readonly Live[],
  seed: Live,
  context: ChangeContext,
): Decided | undefined {
  const strangers = strangersOf(members);
  if (strangers.length === 0 || refuseDivided(led)) return undefined;
  if (!members.every((member) => isLive(member) && isLed(member))) return undefined;
  const [by = seed] = led;
  return {
    verdict: 'change',
    because: `not in the inventory: ${strangers.map(labelOf).join(', ')}`,
    stages: strangers.map((entry) => [
      changes.remove(context, by, [entry], {
        summary: `remove the member ${labelOf(entry)} from the cluster`,
        prunes: true,
      }),
    ]),
  };
}

/**
 * Decides when some members have data and none knows a leader: starts the stopped ones, if they and the running ones
 * can be a majority. Running members are not touched.
 */
function withoutLeader(members: readonly Member[], context: ChangeContext): Decided {
  const missing = members.filter(isUnreachable);
  const holders = members.filter(isReached).filter((member) => member.kind !== 'empty');
  const resumed = resumeFormation(members, holders, context);
  if (resumed) return resumed;
  const listed = holders.find(isLive)?.status.listed;
  const voters = listed
    ? holders.filter(({ identity }) => listed.some(({ id }) => id === identity?.member))
    : holders;
  const of = listed?.length ?? members.length;
  const majority = majorityOf(of);
  if (voters.length < majority) {
    const found = `the cluster has no leader, and only ${voters.length} of its ${of} members can be brought back: ${names(voters) || 'none'}; ${majority} are needed`;
    return missing.length > 0
      ? { verdict: 'refuse', reason: found, hint: `bring ${names(missing)} back first` }
      : {
          verdict: 'refuse',
          reason: `${found}, and the others have lost their data`,
          hint: 'restore it manually from a snapshot (etcdctl snapshot restore), or from the data of one of these members (etcd --force-new-cluster)',
        };
  }
  const toStart = voters.filter(({ kind }) => kind === 'stopped' || kind === 'starting');
  if (toStart.length === 0) {
    const silent = restartSilentMember(members, of, context);
    if (silent) return silent;
  }
  return {
    verdict: 'change',
    because: toStart.length > 0 ? `not running: ${names(toStart)}` : 'there is no leader',
    stages: [
      toStart.map((member) => changes.start(context, member)),
      voters.filter(({ kind }) => kind !== 'silent').map(({ name }) => changes.awaitMember(context, name)),
    ].filter((stage) => stage.length > 0),
    ...(toStart.length < members.length
      ? { then: 'what the other members need once there is a leader' }
      : {}),
  };
}

/**
 * Completes an interrupted first formation of the inventory's current members, if no member with data ever heard from a
 * leader: the rest start as part of the same formation. Returns undefined if it was another formation, or succeeded.
 */
function resumeFormation(
  members: readonly Member[],
  holders: readonly Reached[],
  context: ChangeContext,
): Decided | undefined {
  const formation = holders[0]?.observed.formation;
  const same =
    formation?.initialCluster === context.initialCluster &&
    holders.every((member) => isForming(member) && member.observed.formation?.token === formation.token);
  if (!formation || !same || members.some(isUnreachable)) return undefined;
  return {
    verdict: 'change',
    because: 'the first formation of the cluster was interrupted',
    stages: [
      members
        .filter(isReached)
        .map((member) =>
          member.kind === 'empty' ? changes.form(context, member, formation) : changes.start(context, member),
        ),
      members.map(({ name }) => changes.awaitMember(context, name)),
    ],
  };
}

/**
 * Decides about members that run but cannot be queried. They may still serve clients, so at most one is restarted: if
 * the others are healthy and a majority without it, or if it listens on no address and so has no clients. Several are
 * never restarted: then the fault is more likely in the query than in etcd.
 *
 * `voters`: number of members that the cluster lists.
 */
function restartSilentMember(
  members: readonly Member[],
  voters: number,
  context: ChangeContext,
): Decided | undefined {
  const silent = members.filter(isReached).filter(({ kind }) => kind === 'silent');
  const [first, second] = silent;
  if (!first) return undefined;
  if (second) return refuseRestart(silent, 'no more than one such member is restarted');
  const { intruders, silence } = first.observed;
  if (intruders.length > 0) return refuseRestart(silent, 'a restart would not free its port');
  if (silence?.kind === 'unintelligible')
    return refuseRestart(silent, 'it answers something, and may serve clients');
  const others = members.filter((member) => member !== first);
  const healthy = others.filter(isHealthy);
  const spare = healthy.length === others.length && healthy.length >= majorityOf(voters);
  if (mayServe(first) && !spare) {
    const missing = others.filter((member) => !isHealthy(member));
    return refuseRestart(
      silent,
      missing.length > 0
        ? `it may serve clients, and is not restarted while ${names(missing)} is not healthy`
        : 'it may serve clients, and the other members are no majority without it',
    );
  }
  return {
    verdict: 'change',
    because: `etcd on ${first.name} does not answer: ${stateOf(first)}`,
    stages: [
      [changes.restartSilent(context, first, mayServe(first) ? healthy : [], 'no answer')],
      [changes.awaitMember(context, first.name)],
    ],
  };
}

function refuseRestart(silent: readonly Reached[], why: string): Decided {
  const [first] = silent;
  const states = silent.map((member) => `${member.name}: ${stateOf(member)}`).join('; ');
  return {
    verdict: 'refuse',
    reason: `etcd is running but cannot be queried; ${why} (${states})`,
    hint: `see what answers on ${first?.name ?? 'it'}: curl -q --noproxy '*' http://127.0.0.1:2379/health; if it hangs: systemctl restart etcd`,
  };
}
