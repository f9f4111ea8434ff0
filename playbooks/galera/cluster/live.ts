import { type Decided, type HostChange, newerThanStart } from 'osha';
import { wouldOverwrite } from './at-rest.ts';
import * as changes from './changes.ts';
import { bootstrapCommand, type DecisionContext } from './decision.ts';
import { names, reachedOf, refuseHollow, refuseMoved, refuseServing } from './election.ts';
import {
  clusterOf,
  clustersOf,
  isPrimary,
  isSynced,
  isUnreachable,
  ownDatabases,
  seqnoOf,
  servesAlone,
  type Member,
  type Reached,
  type Running,
} from './members.ts';

/** A Primary component lives: everybody else only joins it. */
export function decideLive(members: readonly Member[], context: DecisionContext): Decided {
  const live = members.filter(isPrimary);
  const split = splitBrain(live);
  if (split) return split;
  const uuid = live[0]?.server.uuid;
  const outside = reachedOf(members).filter((member) => !isSynced(member));
  const asked = live.some((member) => member.name === context.bootstrapFrom);
  const strangers = outside.filter((member) => clustersOf(member).some((other) => other !== uuid));
  if (strangers.length > 0 && !asked) return otherCluster(strangers, live);
  const unseen = outside.filter(({ observed }) => observed.installed && observed.data === 'unknown');
  if (unseen.length > 0 && !asked) return refuseHollow(unseen);
  const further = furtherThan(live, outside);
  if (further && !asked) return further;
  const overwritten = outside.filter((member) => ownDatabases(member).length > 0);
  if (overwritten.length > 0 && !asked) return wouldOverwrite(overwritten, live[0]?.name ?? '');
  const serving = outside.filter(servesAlone);
  if (serving.length > 0) return refuseServing(serving);
  const outdated = live.filter((member) => newerThanStart(member.observed.unit).length > 0);
  if (outside.length === 0 && outdated.length === 0) return { verdict: 'converged' };
  const moved = [...outside, ...outdated].filter(({ observed }) => observed.moved !== undefined);
  if (moved.length > 0) return refuseMoved(moved);
  const missing = members.filter(isUnreachable);
  if (outside.length === 0 && missing.length > 0) {
    return {
      verdict: 'refuse',
      reason: `${names(outdated)} runs on an older configuration, and the cluster cannot spare it while ${names(missing)} cannot be reached`,
      hint: `bring ${names(missing)} back first`,
    };
  }
  // These come in while they run, on the configuration that they started with.
  const later = outside.filter(
    ({ kind, observed }) =>
      kind !== 'stopped' && kind !== 'alone' && newerThanStart(observed.unit).length > 0,
  );
  return {
    verdict: 'change',
    because: because(live, outside, outdated),
    stages: [
      ...outside.map((member) => [comeIn(context, member, asked)]),
      ...(missing.length > 0 ? [] : outdated.map((member) => [restartOf(context, member)])),
    ],
    ...(later.length > 0 ? { then: `when ${names(later)} is restarted on its newer configuration` } : {}),
  };
}

function because(
  live: readonly Running[],
  outside: readonly Reached[],
  outdated: readonly Running[],
): string {
  const parts: string[] = [];
  if (outside.length > 0)
    parts.push(`the quorum is with ${names(live)}; not Synced with it: ${names(outside)}`);
  if (outdated.length > 0)
    parts.push(`the configuration of ${names(outdated)} is newer than the running server`);
  return parts.join('; ');
}

/** Members that are Primary without each other: both sides take writes. */
function splitBrain(live: readonly Running[]): Decided | undefined {
  const uuids = new Set(live.map((member) => member.server.uuid));
  const apart = live.some((member) => member.server.size < live.length);
  if (uuids.size === 1 && !apart) return undefined;
  return {
    verdict: 'refuse',
    reason: `${names(live)} are Primary, but not in one component: ${live
      .map(({ name, server }) => `${name} in a cluster of ${server.size} with uuid ${server.uuid}`)
      .join('; ')}`,
    hint: 'both sides take writes: save the writes of the side to discard, stop mariadb on it, and run again',
  };
}

function otherCluster(strangers: readonly Reached[], live: readonly Running[]): Decided {
  return {
    verdict: 'refuse',
    reason: `${names(strangers)} has data of another cluster than ${names(live)}; joining would overwrite it`,
    hint: `save that data, then let the live cluster overwrite it: ${bootstrapCommand(live[0]?.name)}`,
  };
}

/**
 * Members with transactions that the live cluster does not have: it was formed without them. Galera itself would not
 * let them join. A member that crashed, of which nobody knows how far it came, is compared by Galera when it starts.
 */
function furtherThan(live: readonly Running[], outside: readonly Reached[]): Decided | undefined {
  const newest = Math.max(...live.map(({ server }) => server.lastCommitted));
  const further = outside.filter(
    (member) => member.kind !== 'primary' && clusterOf(member) !== undefined && seqnoOf(member) > newest,
  );
  if (further.length === 0) return undefined;
  const what = further.map((member) => `up to ${seqnoOf(member)} on ${member.name}`).join(', ');
  return {
    verdict: 'refuse',
    reason: `${names(live)} has transactions up to ${newest}, and there are more that joining would overwrite: ${what}`,
    hint: `run again if that server stopped just now; otherwise save that data, then let the live cluster overwrite it: ${bootstrapCommand(live[0]?.name)}`,
  };
}

/** How a member gets in. One that cannot be asked is only waited for: nothing is decided while one is there. */
function comeIn(context: DecisionContext, member: Reached, overwrite: boolean): HostChange {
  switch (member.kind) {
    case 'primary':
    case 'starting':
    case 'refusing':
    case 'silent':
      return changes.awaitMember(context, member.name);
    case 'nonPrimary':
      return changes.rejoin(context, member.name);
    case 'alone':
    case 'stopped':
      return changes.join(context, member.name, overwrite);
  }
}

function restartOf(context: DecisionContext, member: Running): HostChange {
  const { unit } = member.observed;
  const newer = newerThanStart(unit);
  const ahead = newer.filter((path) => (unit.changed.get(path) ?? 0) > unit.now);
  return changes.restart(context, member.name, `${newer.join(', ')} is newer`, ahead);
}
