import type { ClusterDecision } from '../../playbook/operation.ts';
import { newerThanStart } from '../newer-files.ts';
import type { ChangeContext } from './changes.ts';
import * as changes from './changes.ts';
import type { Decided } from '../decided.ts';
import {
  evidenceOf,
  isLed,
  isLive,
  isReached,
  isUnreachable,
  labelOf,
  names,
  standIns,
  strangersOf,
  type Live,
  type Member,
  type Reached,
} from './members.ts';
import { withoutLeader } from './no-leader.ts';

/**
 * What an etcd cluster needs, from whose data each member has. In this order:
 *
 * 1. Nobody has data: all form the cluster together.
 * 2. No leader: those with data are started, where they are a majority.
 * 3. A leader: members that stopped are started, all at once. Those that the cluster does not know, or that lost their
 *    data, are taken out of its list and added anew, one after another.
 * 4. Members on an older configuration are restarted one by one, the leader last, while all others are healthy.
 *
 * Refused: data of two clusters, or that cannot be read; to form a cluster while a member cannot be reached, because one
 * may be there; to go on with less than a majority; to add or restart a member while another one is away. Members that
 * the inventory does not name are offered for removal once all is well, and left alone otherwise.
 */
export function decideMembers(members: readonly Member[], context: ChangeContext): ClusterDecision {
  return { ...decideByCase(members, context), evidence: evidenceOf(members) };
}

function decideByCase(members: readonly Member[], context: ChangeContext): Decided {
  const reached = members.filter(isReached);
  const refused = unreadable(reached) ?? twoClusters(reached);
  if (refused) return refused;
  if (reached.every(({ kind }) => kind === 'empty')) return formation(members, context);
  const led = members.filter(isLive).filter(isLed);
  const [seed] = led;
  if (!seed) return withoutLeader(members, context);
  return (
    movedMember(members, seed) ??
    startStopped(reached, seed, context) ??
    takeIn(members, led, context) ??
    rollingRestart(members, led, context) ??
    removeStrangers(members, seed, context) ?? { verdict: 'converged' }
  );
}

function unreadable(reached: readonly Reached[]): Decided | undefined {
  const unknown = reached.filter((member) => member.kind !== 'empty' && !member.identity);
  if (unknown.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `whose data ${names(unknown)} has cannot be read`,
    hint: 'see "journalctl -u etcd" there, and whether its data is where osha looks for it',
  };
}

function twoClusters(reached: readonly Reached[]): Decided | undefined {
  const clusters = new Map<string, string[]>();
  for (const { identity, name } of reached) {
    if (!identity) continue;
    clusters.set(identity.cluster, [...(clusters.get(identity.cluster) ?? []), name]);
  }
  if (clusters.size < 2) return undefined;
  const sides = [...clusters].map(([id, hosts]) => `${hosts.join(', ')} (${id})`).join(' and ');
  return {
    verdict: 'refuse',
    reason: `there is data of different clusters: ${sides}`,
    hint: 'stop etcd on the side to give up, move its data directory aside, and run again',
  };
}

function formation(members: readonly Member[], context: ChangeContext): Decided {
  const missing = members.filter(isUnreachable);
  if (missing.length > 0) {
    return {
      verdict: 'refuse',
      reason: `no cluster is in sight, and ${names(missing)} cannot be reached: it may be there`,
      hint: `bring ${names(missing)} back first`,
    };
  }
  return {
    verdict: 'change',
    because: 'no member has data: they form the cluster together',
    stages: [
      members.map(({ name }) => changes.form(context, name)),
      members.map(({ name }) => changes.awaitMember(context, name)),
    ],
  };
}

/** A member whose address changed since the cluster took it in: the others would not find it. */
function movedMember(members: readonly Member[], seed: Live): Decided | undefined {
  for (const member of members) {
    const entry = seed.status.listed.find(({ id }) => isReached(member) && id === member.identity?.member);
    if (entry && !entry.peerUrls.includes(member.peerUrl)) {
      return {
        verdict: 'refuse',
        reason: `the cluster knows ${member.name} at ${entry.peerUrls.join(', ')}, not at ${member.peerUrl}`,
        hint: `if that is where it is now, say so on ${seed.name}: etcdctl member update ${entry.id} --peer-urls=${member.peerUrl}`,
      };
    }
  }
  return undefined;
}

function isListed(member: Reached, seed: Live): boolean {
  return seed.status.listed.some(({ id }) => id === member.identity?.member);
}

/** Those that stopped are started; those that run without a leader, though there is one, are waited for. */
function startStopped(reached: readonly Reached[], seed: Live, context: ChangeContext): Decided | undefined {
  const known = reached.filter((member) => isListed(member, seed));
  const asleep = known.filter((member) => !isLive(member));
  const behind = known.filter(isLive).filter((member) => !isLed(member));
  if (asleep.length + behind.length === 0) return undefined;
  return {
    verdict: 'change',
    because: [
      ...(asleep.length > 0 ? [`not running: ${names(asleep)}`] : []),
      ...(behind.length > 0 ? [`without a leader: ${names(behind)}`] : []),
    ].join('; '),
    stages: [
      asleep.map((member) => changes.start(context, member)),
      [...asleep, ...behind].map(({ name }) => changes.awaitMember(context, name)),
    ].filter((stage) => stage.length > 0),
  };
}

function takeIn(
  members: readonly Member[],
  led: readonly Live[],
  context: ChangeContext,
): Decided | undefined {
  const [seed] = led;
  if (!seed) return undefined;
  const outside = members.filter(isReached).filter((member) => !isListed(member, seed));
  if (outside.length === 0) return undefined;
  const { listed } = seed.status;
  const away = members.filter(isUnreachable).filter((member) => standIns(member, listed).length > 0);
  if (away.length > 0) {
    return {
      verdict: 'refuse',
      reason: `${names(outside)} is to be added, which the cluster cannot afford while ${names(away)} cannot be reached`,
      hint: `bring ${names(away)} back first`,
    };
  }
  const lost = outside.filter((member) => standIns(member, listed).length > 0);
  const stale = listed.filter((entry) => lost.some((member) => standIns(member, listed).includes(entry)));
  return {
    verdict: 'change',
    because: `not in the cluster of ${names(led)}: ${names(outside)}`,
    stages: [
      // All of them before one is added: a lost member counts for the majority and cannot vote.
      ...(stale.length > 0
        ? [[changes.remove(context, seed, stale, `remove ${names(lost)} from the cluster (data lost)`)]]
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
  const outdated = led.filter((member) => newerThanStart(member.observed.unit).length > 0);
  if (outdated.length === 0) return undefined;
  const away = members.filter((member) => !(isLive(member) && isLed(member) && member.status.healthy));
  const missing = away.filter((member) => !outdated.some(({ name }) => name === member.name));
  if (missing.length > 0) {
    return {
      verdict: 'refuse',
      reason: `${names(outdated)} runs on an older configuration, and cannot be spared while ${names(missing)} is not healthy`,
      hint: `bring ${names(missing)} back first`,
    };
  }
  const leads = (member: Live): number => Number(member.status.leader === member.status.member);
  return {
    verdict: 'change',
    because: `the configuration of ${names(outdated)} is newer than the running etcd`,
    // The leader last, so that the cluster elects a new one only once.
    stages: [...outdated]
      .sort((a, b) => leads(a) - leads(b))
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
  seed: Live,
  context: ChangeContext,
): Decided | undefined {
  const strangers = strangersOf(members);
  if (strangers.length === 0 || !members.every((member) => isLive(member) && isLed(member))) return undefined;
  return {
    verdict: 'change',
    because: `not in the inventory: ${strangers.map(labelOf).join(', ')}`,
    stages: strangers.map((entry) => {
      const { host, change } = changes.remove(
        context,
        seed,
        [entry],
        `remove the member ${labelOf(entry)} from the cluster`,
      );
      return [{ host, change: { ...change, prunes: true as const } }];
    }),
  };
}
