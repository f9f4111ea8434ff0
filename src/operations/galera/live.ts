import type { HostChange } from '../../playbook/operation.ts';
import { newerThanStart } from '../newer-files.ts';
import { wouldOverwrite } from './at-rest.ts';
import * as changes from './changes.ts';
import type { Decided } from '../decided.ts';
import type { DecisionContext } from './decision.ts';
import { names, reachedOf } from './election.ts';
import {
  clusterOf,
  isPrimary,
  isSynced,
  isUnreachable,
  ownDatabases,
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
  const strangers = outside.filter((member) => clusterOf(member) !== undefined && clusterOf(member) !== uuid);
  if (strangers.length > 0 && !asked) return otherCluster(strangers, live);
  const overwritten = outside.filter((member) => ownDatabases(member).length > 0);
  if (overwritten.length > 0 && !asked) return wouldOverwrite(overwritten, live[0]?.name ?? '');
  const outdated = live.filter((member) => newerThanStart(member.observed.unit).length > 0);
  if (outside.length === 0 && outdated.length === 0) return { verdict: 'converged' };
  const missing = members.filter(isUnreachable);
  if (outside.length === 0 && missing.length > 0) {
    return {
      verdict: 'refuse',
      reason: `${names(outdated)} runs on an older configuration, and the cluster cannot spare it while ${names(missing)} cannot be reached`,
      hint: `bring ${names(missing)} back first`,
    };
  }
  return {
    verdict: 'change',
    because: because(live, outside, outdated),
    stages: [
      ...outside.map((member) => [comeIn(context, member)]),
      ...(missing.length > 0 ? [] : outdated.map((member) => [restartOf(context, member)])),
    ],
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
    hint: 'both sides take writes: stop mariadb on the side whose writes to give up, after saving them, and run again',
  };
}

function otherCluster(strangers: readonly Reached[], live: readonly Running[]): Decided {
  return {
    verdict: 'refuse',
    reason: `${names(strangers)} has data of another cluster than ${names(live)}; joining would overwrite it`,
    hint: `save that data, then say which is right: --bootstrap-from ${live[0]?.name ?? ''}`,
  };
}

function comeIn(context: DecisionContext, member: Reached): HostChange {
  switch (member.kind) {
    case 'primary':
    case 'starting':
      return changes.awaitMember(context, member.name);
    case 'nonPrimary':
      return changes.rejoin(context, member.name);
    case 'alone':
    case 'stopped':
      return changes.join(context, member.name);
  }
}

function restartOf(context: DecisionContext, member: Running): HostChange {
  const { unit } = member.observed;
  const newer = newerThanStart(unit);
  const ahead = newer.filter((path) => (unit.changed.get(path) ?? 0) > unit.now);
  return changes.restart(context, member.name, `${newer.join(', ')} is newer`, ahead);
}
