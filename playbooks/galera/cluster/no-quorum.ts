import { type Decided, newerThanStart } from 'osha';
import { bootstrapCommand, type DecisionContext } from './decision.ts';
import { mayFormItself, wouldOverwrite } from './at-rest.ts';
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
} from './election.ts';
import { isAtRest, isNonPrimary, ownDatabases, servesAlone, type Member } from './members.ts';

/**
 * Members run and none has the quorum. The survivor with the newest data gets it in place. A member that stopped may
 * have newer data than every survivor, when they were cut off from it before: then the survivors stop, and the cluster
 * is formed from what all have when they are at rest.
 */
export function decideWithoutQuorum(members: readonly Member[], context: DecisionContext): Decided {
  const blocked = obstacle(members, context);
  if (blocked) return blocked;
  const serving = reachedOf(members).filter(servesAlone);
  if (serving.length > 0) return refuseServing(serving);
  const named = namedMember(members, context);
  if (named && 'verdict' in named) return named;
  const unknown = named ? undefined : recoveryStage(members, context);
  if (unknown) return unknown;
  const elected = named ?? elect(members);
  const survivors = members.filter(isNonPrimary);
  if (!elected) {
    return {
      verdict: 'refuse',
      reason: `${names(survivors)} runs without a quorum and belongs to no cluster`,
      hint: `form the cluster from the member whose data is right: ${bootstrapCommand()}`,
    };
  }
  const { member: first, why } = elected;
  const others = reachedOf(members).filter((member) => member !== first);
  const overwritten = others.filter((member) => ownDatabases(member).length > 0);
  if (!named && overwritten.length > 0) return wouldOverwrite(overwritten, first.name);
  const loss = named ? undefined : refuseLoss(members, elected);
  if (loss) return loss;
  if (isAtRest(first)) {
    return {
      verdict: 'change',
      because: `${names(survivors)} runs without a quorum, but ${first.name} goes first: ${why}; who runs is stopped, and the cluster is formed then`,
      stages: survivors.map((member) => [
        changes.stop(context, member.name, `${first.name} has the data to continue with`),
      ]),
      then: `how the cluster is formed from ${first.name}`,
    };
  }
  const apart = others.filter(mayFormItself);
  const outdated = survivors.filter(({ observed }) => newerThanStart(observed.unit).length > 0);
  return {
    verdict: 'change',
    because: `no running member has a quorum; ${first.name} gets it: ${why}`,
    stages: [
      ...(apart.length > 0 ? [apart.map((member) => changes.clearSafeFlag(context, member.name))] : []),
      [changes.promote(context, first.name, why)],
      ...others.map((member) => [
        isNonPrimary(member)
          ? changes.rejoin(context, member.name)
          : changes.join(context, member.name, named !== undefined),
      ]),
    ],
    ...(outdated.length > 0
      ? { then: `when ${names(outdated)} is restarted on its newer configuration` }
      : {}),
  };
}
