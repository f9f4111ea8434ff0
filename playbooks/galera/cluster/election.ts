import { type Decided, mysql } from 'osha';
import * as changes from './changes.ts';
import { type ChangeContext, bootstrapCommand } from './changes.ts';
import {
  clusterOf,
  clustersOf,
  isAtRest,
  isDamaged,
  lacksData,
  isUnreachable,
  needsRecovery,
  ownDatabases,
  seqnoOf,
  type Member,
  type Reached,
  isPrimary,
  isUnqueryable,
  type Unqueryable,
} from './members.ts';
import type { Arbitrator } from '../arbitrator.ts';

/** Facts and options for a decision. */
export interface DecisionContext extends ChangeContext {
  /** The member that the operator chose: it forms the cluster whatever the others report. */
  readonly bootstrapFrom?: string | undefined;
  /** A vote without data, if configured. */
  readonly arbitrator?: Arbitrator;
}

/**
 * Refuses while a running member cannot be queried: it may serve clients, and may be the live cluster. No member is
 * changed then, whatever the operator requested.
 */
export function refuseUnqueryable(members: readonly Member[]): Decided | undefined {
  const unqueryable = members.filter(isUnqueryable);
  if (unqueryable.length === 0) return undefined;
  const complaints = unqueryable.map(complaintOf);
  const live = members.filter(isPrimary);
  const others = live.map(({ name, server }) => `${name} counts ${server.size} in its Primary component`);
  return {
    verdict: 'refuse',
    reason: [...complaints.map(({ evidence }) => evidence), ...others].join('; '),
    hint: [...new Set(complaints.map(({ hint }) => hint))].join('; '),
  };
}

/** Why a member cannot be queried, and what to do about it. */
interface Complaint {
  readonly evidence: string;
  readonly hint: string;
}

export function complaintOf({ name, complaint }: Unqueryable): Complaint {
  const evidence = mysql.accessProblem(name, complaint);
  if (evidence !== undefined) return { evidence, hint: mysql.accessHint(name, complaint) };
  return {
    evidence: `mariadb runs on ${name} but cannot be queried: ${complaint}`,
    hint: `investigate on ${name} with "sudo mariadb" and "systemctl status mariadb"; run again once it answers`,
  };
}

/**
 * Refuses to elect a member while a member or its data is missing, or if the data is of several clusters. The
 * operator's choice overrides all of this.
 */
export function refuseElection(members: readonly Member[], context: DecisionContext): Decided | undefined {
  if (context.bootstrapFrom !== undefined) return undefined;
  const missing = members.filter(isUnreachable);
  if (missing.length > 0) {
    // Before giving up the missing members, an operator needs to see which of the others has the newest data.
    const unknown = recoverPositions(
      members.filter((member) => member.kind === 'stopped'),
      context,
    );
    if (unknown) return unknown;
    const newest = elect(members)?.member ?? reachedOf(members)[0];
    return {
      verdict: 'refuse',
      reason: `no member has quorum, and ${names(missing)} cannot be reached: a live cluster or newer data may be there`,
      hint: `bring ${names(missing)} back; if ${missing.length > 1 ? 'they are' : 'it is'} off for good, form the cluster without ${missing.length > 1 ? 'them' : 'it'}: ${bootstrapCommand(newest?.name)}`,
    };
  }
  const lacking = members.filter(lacksData);
  if (lacking.length > 0) return refuseMissingData(lacking);
  const uuids = new Map<string, string[]>();
  for (const member of reachedOf(members)) {
    for (const uuid of clustersOf(member)) uuids.set(uuid, [...(uuids.get(uuid) ?? []), member.name]);
  }
  if (uuids.size > 1) {
    const sides = [...uuids].map(([uuid, who]) => `${uuid} on ${who.join(', ')}`).join('; ');
    return {
      verdict: 'refuse',
      reason: `the members have data of different clusters: ${sides}`,
      hint: `determine which data is correct, save the rest, then form the cluster from the correct one: ${bootstrapCommand()}`,
    };
  }
  return undefined;
}

/** Refuses if data is missing: a member whose disk is not mounted looks like one that was never in a cluster. */
export function refuseMissingData(lacking: readonly Member[]): Decided {
  const where = lacking.flatMap((member) =>
    isUnreachable(member) ? [] : `${member.observed.directory} on ${member.name} is ${member.observed.data}`,
  );
  const unknown = lacking.some((member) => !isUnreachable(member) && member.observed.data === 'unknown');
  return {
    verdict: 'refuse',
    reason: `cannot rule out newer data on a missing disk: the data directory ${where.join('; ')}`,
    hint: unknown
      ? 'cannot read the options of the server; my_print_defaults --mysqld shows why'
      : 'mount its disk; if the member really is new, create the system tables: mariadb-install-db --user=mysql',
  };
}

/** Refuses if standalone servers have databases: osha must not stop them for a cluster that they are not part of. */
export function refuseStandalone(serving: readonly Reached[]): Decided {
  const what = serving
    .map((member) => `${member.observed.databases.join(', ')} on ${member.name}`)
    .join('; ');
  return {
    verdict: 'refuse',
    reason: `${names(serving)} runs standalone and may serve clients; joining would overwrite ${what}`,
    hint: `save and drop these databases, or stop that server when no client uses it: systemctl stop mariadb`,
  };
}

/** Refuses if a restart would move a member to another data directory, whose content is unknown. */
export function refuseMovedDirectory(moved: readonly Reached[]): Decided {
  const what = moved.map(
    ({ name, observed }) =>
      `mariadb on ${name} runs on ${observed.directory}, but would start on ${observed.moved ?? ''}`,
  );
  return {
    verdict: 'refuse',
    reason: what.join('; '),
    hint: 'move the data while that server is stopped, or set datadir back; then run again',
  };
}

export interface Elected {
  readonly member: Reached;
  readonly why: string;
}

/** Returns the member that the operator chose, or the refusal to continue with its data. */
export function chosenMember(
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
  // The operator may choose data that is marked as damaged, if it has a position.
  if (isAtRest(member) && clusterOf(member) === undefined && needsRecovery(member)) {
    return recoverPositions([member], context);
  }
  if (clusterOf(member) === undefined && ownDatabases(member).length === 0) {
    const others = reachedOf(members).filter((other) => clusterOf(other) !== undefined);
    if (others.length > 0) {
      return {
        verdict: 'refuse',
        reason: `${member.name} has no cluster data, but ${names(others)} has: all of it would be lost`,
        hint: `name a member that has data: ${bootstrapCommand(others[0]?.name)}`,
      };
    }
  }
  return { member, why: 'named by --bootstrap-from' };
}

/**
 * Elects the member to form the cluster from: the one with the highest last transaction; on a tie, one that runs, then
 * one that is marked safe to bootstrap, then the first in the inventory. Damaged data and missing data never win.
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
    why: equals > 1 ? `${newest}, the same as on ${equals - 1} more` : `${newest}, the newest`,
  };
}

/** Decides to recover unknown last transactions of members at rest; undefined if all are known. */
export function recoverPositions(members: readonly Member[], context: DecisionContext): Decided | undefined {
  const unknown = members.filter(isAtRest).filter(needsRecovery);
  if (unknown.length === 0) return undefined;
  return {
    verdict: 'change',
    because: `the newest data can be determined once the last transaction of ${names(unknown)} is known`,
    stages: [unknown.map((member) => changes.recover(context, member.name, member.kind === 'alone'))],
    then: 'which member has the newest data and is bootstrapped',
  };
}

/**
 * Refuses if data would be overwritten that the elected member may lack: newer data, or data with an unknown position.
 * Galera itself gives up data that is marked as damaged and has no position.
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
      : `the data of ${member.name} is marked as damaged and has transactions up to ${theirs}`;
  });
  return {
    verdict: 'refuse',
    reason: `${elected.member.name} would be bootstrapped with ${seqno < 0 ? 'no known transaction' : `transactions up to ${seqno}`}, but ${what.join('; ')}`,
    hint: `save that data, then form the cluster without it: ${bootstrapCommand(elected.member.name)}`,
  };
}

function ahead(one: readonly number[], other: readonly number[]): boolean {
  for (const [index, value] of one.entries()) {
    const against = other[index] ?? 0;
    if (value !== against) return value > against;
  }
  return false;
}

/** Member names, for use in a sentence. */
export function names(members: readonly Member[]): string {
  return members.map((member) => member.name).join(', ');
}

/** Members that were reached. */
export function reachedOf(members: readonly Member[]): readonly Reached[] {
  return members.filter((member) => !isUnreachable(member));
}
