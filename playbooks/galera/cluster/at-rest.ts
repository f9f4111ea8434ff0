import type { Decided } from 'osha';
import { bootstrapCommand, type DecisionContext } from './decision.ts';
import * as changes from './changes.ts';
import {
  elect,
  namedMember,
  names,
  obstacle,
  reachedOf,
  recoveryStage,
  refuseLoss,
  refuseServing,
  type Elected,
} from './election.ts';
import { clusterOf, ownDatabases, servesAlone, type Member, type Reached } from './members.ts';

/** Nothing runs in a cluster: it is formed for the first time, or anew from the newest data. */
export function decideAtRest(members: readonly Member[], context: DecisionContext): Decided {
  const blocked = obstacle(members, context);
  if (blocked) return blocked;
  const serving = reachedOf(members).filter(servesAlone);
  const named = namedMember(members, context);
  if (named && 'verdict' in named) return named;
  if (named) {
    const others = serving.filter((member) => member !== named.member);
    if (others.length > 0) return refuseServing(others);
    if (serving.length > 0) return stopFirst(named.member, context);
    return form(members, named, context, `the cluster is formed from ${named.member.name}, as was asked for`);
  }
  const reached = reachedOf(members);
  if (serving.length > 0 && reached.some(({ observed }) => observed.saved)) return refuseServing(serving);
  const unknown = recoveryStage(members, context);
  if (unknown) return unknown;
  if (reached.every((member) => clusterOf(member) === undefined)) return formFirst(members, context);
  const elected = elect(members);
  if (!elected) {
    return {
      verdict: 'refuse',
      reason: 'the data of every member is marked as damaged (grastate.dat has the zero uuid)',
      hint: `check the data, then form the cluster from the member whose data is right: ${bootstrapCommand()}`,
    };
  }
  const overwritten = reached.filter(
    (member) => member !== elected.member && ownDatabases(member).length > 0,
  );
  if (overwritten.length > 0) return wouldOverwrite(overwritten, elected.member.name);
  const loss = refuseLoss(members, elected);
  if (loss) return loss;
  return form(
    members,
    elected,
    context,
    `every member is stopped; ${elected.member.name} goes first: ${elected.why}`,
  );
}

/** No member was ever in a cluster. One of them may have been a server of its own, with databases to keep. */
function formFirst(members: readonly Member[], context: DecisionContext): Decided {
  const reached = reachedOf(members);
  const withData = reached.filter((member) => member.observed.databases.length > 0);
  const first = withData[0] ?? reached[0];
  if (!first) return { verdict: 'converged' };
  if (withData.length > 1) return wouldOverwrite(withData.slice(1), first.name);
  if (servesAlone(first)) return stopFirst(first, context);
  const why = withData.length > 0 ? 'it has databases to keep' : 'it is the first';
  return form(
    members,
    { member: first, why },
    context,
    `no member was ever in a cluster; it is formed on ${first.name}: ${why}`,
  );
}

/**
 * A server of its own is stopped before the cluster is formed from it, in a round of its own: what is then found on it,
 * at rest, is what the cluster begins with.
 */
function stopFirst(member: Reached, context: DecisionContext): Decided {
  return {
    verdict: 'change',
    because: `the cluster begins with the databases of ${member.name}, whose server runs without replication: it is stopped, and the cluster is formed on it then`,
    stages: [[changes.stopOwnServer(context, member.name)]],
    then: `how the cluster is formed from ${member.name}`,
  };
}

export function wouldOverwrite(overwritten: readonly Reached[], by: string): Decided {
  const what = overwritten
    .map((member) => `${member.observed.databases.join(', ') || 'databases'} on ${member.name}`)
    .join('; ');
  return {
    verdict: 'refuse',
    reason: `a member takes over all of the cluster's data when it joins; that would overwrite ${what}`,
    hint: `save and drop these databases, or let the data of ${by} overwrite them: ${bootstrapCommand(by)}`,
  };
}

/** True for a stopped member that would form a cluster without being asked to, when something starts it. */
export function mayFormItself(member: Reached): boolean {
  const { saved, view } = member.observed;
  return member.kind === 'stopped' && (view || (saved?.safeToBootstrap ?? false));
}

/** Bootstraps one member, lets the others join one by one. */
export function form(
  members: readonly Member[],
  first: Elected,
  context: DecisionContext,
  because: string,
): Decided {
  const others = reachedOf(members).filter((member) => member !== first.member);
  const flagged = others.filter(mayFormItself);
  return {
    verdict: 'change',
    because: others.length > 0 ? `${because}; then ${names(others)} join` : because,
    stages: [
      ...(flagged.length > 0 ? [flagged.map((member) => changes.clearSafeFlag(context, member.name))] : []),
      [changes.bootstrap(context, first.member.name, first.why)],
      ...others.map((member) => [changes.join(context, member.name, context.bootstrapFrom !== undefined)]),
    ],
  };
}
