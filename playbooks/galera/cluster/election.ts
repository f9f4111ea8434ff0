import type { Decided } from 'osha';
import { bootstrapCommand, type DecisionContext } from './decision.ts';
import * as changes from './changes.ts';
import {
  clusterOf,
  clustersOf,
  isAtRest,
  isDamaged,
  isHollow,
  isUnreachable,
  needsRecovery,
  ownDatabases,
  seqnoOf,
  type Member,
  type Reached,
} from './members.ts';

/** Names in a sentence. */
export function names(members: readonly Member[]): string {
  return members.map((member) => member.name).join(', ');
}

export function reachedOf(members: readonly Member[]): readonly Reached[] {
  return members.filter((member) => !isUnreachable(member));
}

/**
 * Why nobody may be elected, or `undefined`: a member or its data is missing, or the data is of several clusters. The
 * operator's word stands above all of it.
 */
export function obstacle(members: readonly Member[], context: DecisionContext): Decided | undefined {
  if (context.bootstrapFrom !== undefined) return undefined;
  const missing = members.filter(isUnreachable);
  if (missing.length > 0) {
    // To give up the missing members, an operator has to see which of the others has the newest data.
    const unknown = recoveryStage(
      members.filter((member) => member.kind === 'stopped'),
      context,
    );
    if (unknown) return unknown;
    const newest = elect(members)?.member ?? reachedOf(members)[0];
    return {
      verdict: 'refuse',
      reason: `no member has a quorum, and ${names(missing)} cannot be reached: a live cluster or newer data may be there`,
      hint: `bring ${names(missing)} back; if ${missing.length > 1 ? 'they are' : 'it is'} off for good, form the cluster without ${missing.length > 1 ? 'them' : 'it'}: ${bootstrapCommand(newest?.name)}`,
    };
  }
  const hollow = members.filter(isHollow);
  if (hollow.length > 0) return refuseHollow(hollow);
  const uuids = new Map<string, string[]>();
  for (const member of reachedOf(members)) {
    for (const uuid of clustersOf(member)) uuids.set(uuid, [...(uuids.get(uuid) ?? []), member.name]);
  }
  if (uuids.size > 1) {
    const sides = [...uuids].map(([uuid, who]) => `${uuid} on ${who.join(', ')}`).join('; ');
    return {
      verdict: 'refuse',
      reason: `the members have data of different clusters: ${sides}`,
      hint: `find out which data is right, save the other, then form the cluster from the right one: ${bootstrapCommand()}`,
    };
  }
  return undefined;
}

/** A disk that is not mounted looks like a member that was never in a cluster. */
export function refuseHollow(hollow: readonly Member[]): Decided {
  const where = hollow.flatMap((member) =>
    isUnreachable(member) ? [] : `${member.observed.directory} on ${member.name} is ${member.observed.data}`,
  );
  const unknown = hollow.some((member) => !isUnreachable(member) && member.observed.data === 'unknown');
  return {
    verdict: 'refuse',
    reason: `newer data may be where it cannot be seen: the data directory ${where.join('; ')}`,
    hint: unknown
      ? 'the options of the server cannot be read: my_print_defaults --mysqld says why'
      : "mount its disk; a member that really is new needs the server's own tables: mariadb-install-db --user=mysql",
  };
}

/** Servers of their own with databases: nobody may stop them for a cluster that they are not part of yet. */
export function refuseServing(serving: readonly Reached[]): Decided {
  const what = serving
    .map((member) => `${member.observed.databases.join(', ')} on ${member.name}`)
    .join('; ');
  return {
    verdict: 'refuse',
    reason: `${names(serving)} runs standalone, may serve clients, and would lose what it wrote: joining would overwrite ${what}`,
    hint: `save and drop these databases, or stop that server when no client uses it: systemctl stop mariadb`,
  };
}

/** Members that run on another directory than the one that a start would take: nothing is known of the data there. */
export function refuseMoved(moved: readonly Reached[]): Decided {
  const what = moved.map(
    ({ name, observed }) =>
      `mariadb on ${name} runs on ${observed.directory}, and would start on ${observed.moved ?? ''}`,
  );
  return {
    verdict: 'refuse',
    reason: what.join('; '),
    hint: 'move the data while that server is stopped, or set datadir back; then run again',
  };
}

/** The stage in which the last transaction of members is found out, or `undefined` where all are known. */
export function recoveryStage(members: readonly Member[], context: DecisionContext): Decided | undefined {
  const unknown = members.filter(isAtRest).filter(needsRecovery);
  if (unknown.length === 0) return undefined;
  return {
    verdict: 'change',
    because: `who has the newest data is decided when the last transaction of ${names(unknown)} is known`,
    stages: [unknown.map((member) => changes.recover(context, member.name, member.kind === 'alone'))],
    then: 'which member has the newest data, and goes first',
  };
}

export interface Elected {
  readonly member: Reached;
  readonly why: string;
}

/**
 * The member that the cluster is formed from: the highest last transaction; of equals one that runs, then one that is
 * marked safe to bootstrap, then the first of the inventory. Damaged data, and none, never wins.
 */
export function elect(members: readonly Member[]): Elected | undefined {
  const candidates = reachedOf(members).filter(
    (member) => clusterOf(member) !== undefined && !(isAtRest(member) && isDamaged(member)),
  );
  const rank = (member: Reached): readonly number[] => [
    seqnoOf(member),
    isAtRest(member) ? 0 : 1,
    member.observed.saved?.safeToBootstrap ? 1 : 0,
  ];
  let best: Reached | undefined;
  for (const member of candidates) if (!best || ahead(rank(member), rank(best))) best = member;
  if (!best) return undefined;
  const seqno = seqnoOf(best);
  const equals = candidates.filter((member) => seqnoOf(member) === seqno).length;
  const newest = seqno < 0 ? 'its last transaction is unknown' : `its last transaction is ${seqno}`;
  return {
    member: best,
    why: equals > 1 ? `${newest}, like that of ${equals - 1} more` : `${newest}, the newest`,
  };
}

/**
 * Members whose data would be overwritten by the elected one's, and is not known to be all there: it is further, or
 * nobody knows how far. Data that is marked as damaged and holds no position is worth nothing, by Galera's own word.
 */
export function refuseLoss(members: readonly Member[], elected: Elected): Decided | undefined {
  const seqno = seqnoOf(elected.member);
  const lost = reachedOf(members).filter((member) => {
    if (member === elected.member || clusterOf(member) === undefined) return false;
    return seqnoOf(member) > seqno || (seqnoOf(member) < 0 && !(isAtRest(member) && isDamaged(member)));
  });
  if (lost.length === 0) return undefined;
  const what = lost.map((member) => {
    const theirs = seqnoOf(member);
    return theirs < 0
      ? `the last transaction of ${member.name} is unknown`
      : `the data of ${member.name} is marked as damaged, and has transactions up to ${theirs}`;
  });
  return {
    verdict: 'refuse',
    reason: `${elected.member.name} would go first, with ${seqno < 0 ? 'no known transaction' : `transactions up to ${seqno}`}, but ${what.join('; ')}`,
    hint: `save what is there, then form the cluster without it: ${bootstrapCommand(elected.member.name)}`,
  };
}

function ahead(one: readonly number[], other: readonly number[]): boolean {
  for (const [index, value] of one.entries()) {
    const against = other[index] ?? 0;
    if (value !== against) return value > against;
  }
  return false;
}

/** The member that the operator named, or why its data cannot be gone on with. */
export function namedMember(
  members: readonly Member[],
  context: DecisionContext,
): Elected | Decided | undefined {
  if (context.bootstrapFrom === undefined) return undefined;
  const member = members.find(({ name }) => name === context.bootstrapFrom);
  if (!member || isUnreachable(member)) {
    const other = elect(members)?.member ?? reachedOf(members)[0];
    return {
      verdict: 'refuse',
      reason: `${context.bootstrapFrom} cannot be reached, so it cannot form the cluster`,
      hint: `bring it back, or form the cluster from another member: ${bootstrapCommand(other?.name)}`,
    };
  }
  // Data that is marked as damaged may be gone on with at the operator's word, when there is something in it.
  if (isAtRest(member) && clusterOf(member) === undefined && needsRecovery(member)) {
    return recoveryStage([member], context);
  }
  if (clusterOf(member) === undefined && ownDatabases(member).length === 0) {
    const others = reachedOf(members).filter((other) => clusterOf(other) !== undefined);
    if (others.length > 0) {
      return {
        verdict: 'refuse',
        reason: `${member.name} has no data of a cluster, and ${names(others)} has: everything would be lost`,
        hint: `name a member that has data: ${bootstrapCommand(others[0]?.name)}`,
      };
    }
  }
  return { member, why: 'named by --bootstrap-from' };
}
