import {
  type ClusterDecision,
  type Decided,
  clusterChange,
  type HostChange,
  quote,
  newerThanStart,
} from 'osha';
import { decideAtRest, mayFormItself, wouldOverwrite } from './at-rest.ts';
import { type DecisionContext, bootstrapCommand } from './decision.ts';
import { decideLive } from './live.ts';
import {
  reachedOf,
  refuseMoved,
  elect,
  namedMember,
  names,
  obstacle,
  recoveryStage,
  refuseLoss,
  refuseServing,
} from './election.ts';
import {
  evidenceOf,
  isNonPrimary,
  isPrimary,
  isUnreachable,
  type Member,
  isAtRest,
  ownDatabases,
  servesAlone,
} from './members.ts';
import { refuseUnaskable } from './unaskable.ts';
import type { Arbitrator } from './arbitrator.ts';
import { CLUSTER } from './observe.ts';
import * as changes from './changes.ts';
import { settle } from './settle.ts';

/**
 * What a Galera cluster needs, from what its members said. In this order:
 *
 * 0. A server runs that cannot be asked: it may serve clients and may be the live cluster, so nothing is done.
 * 1. A Primary component lives: whoever is not in it joins it, and members with an older configuration are restarted
 *    one by one.
 * 2. Something is on its way up or down: it is waited for, because it may turn out to be a Primary.
 * 3. Members run, but none has the quorum: the most advanced one gets it, in place where it runs.
 * 4. Nothing runs: formed for the first time on the first member, or formed anew on the most advanced one.
 *
 * Only case 1 goes on with members that cannot be reached: in the others an unreachable member may be a live cluster,
 * or have the newest data. It takes the operator's word (`bootstrapFrom`) that it is neither.
 */
export function decideCluster(members: readonly Member[], context: DecisionContext): ClusterDecision {
  return { ...decideByCase(members, context), evidence: evidenceOf(members) };
}

function decideByCase(members: readonly Member[], context: DecisionContext): Decided {
  if (context.bootstrapFrom !== undefined && !members.some(({ name }) => name === context.bootstrapFrom)) {
    return {
      verdict: 'refuse',
      reason: `${context.bootstrapFrom} is no member of the cluster`,
      hint: `choose one of ${members.map((member) => member.name).join(', ')}: osha deploy INVENTORY --bootstrap-from HOST`,
    };
  }
  const unaskable = refuseUnaskable(members);
  if (unaskable) return unaskable;
  if (members.some(isPrimary)) return decideLive(members, context);
  const starting = members.filter((member) => member.kind === 'starting');
  if (starting.length > 0) {
    const certain = context.bootstrapFrom !== undefined || !members.some(isUnreachable);
    return {
      verdict: 'change',
      because: `mariadb is starting or stopping on ${starting.map((member) => member.name).join(', ')}: whether a cluster lives is known when it is done`,
      stages: [starting.map((member) => settle(context, member.name, certain))],
      then: 'whether a cluster lives',
    };
  }
  const moved = reachedOf(members).filter(({ observed }) => observed.moved !== undefined);
  if (moved.length > 0) return refuseMoved(moved);
  const decided = members.some(isNonPrimary)
    ? decideWithoutQuorum(members, context)
    : decideAtRest(members, context);
  return besideArbitrator(decided, context);
}

/**
 * A decision that gives a quorum to somebody, with the arbitrator out of the way. When all members stop in good order,
 * it stays behind with a quorum of its own; a member that is bootstrapped beside it would meet it as a second cluster.
 * It is started again once the cluster is there.
 */
function besideArbitrator(decided: Decided, context: DecisionContext): Decided {
  const { arbitrator } = context;
  if (!arbitrator || decided.verdict !== 'change') return decided;
  if (!arbitrator.state) {
    if (context.bootstrapFrom !== undefined) return decided;
    const first = decided.stages.flat().find(({ change }) => {
      return change.effects?.includes('forms') || change.effects?.includes('promotes');
    });
    return {
      verdict: 'refuse',
      reason: `no member has a quorum, and the arbitrator on ${arbitrator.name} cannot be reached: it may have one of its own`,
      hint: `bring ${arbitrator.name} back, or make sure that it is off, then form the cluster without it: ${bootstrapCommand(first?.host)}`,
    };
  }
  if (arbitrator.state.active === 'inactive' || arbitrator.state.active === 'failed') return decided;
  return { ...decided, stages: [[stop(arbitrator)], ...decided.stages] };
}

function stop({ name, unit }: Arbitrator): HostChange {
  const change = clusterChange({
    cluster: CLUSTER,
    unit,
    effects: ['stops'],
    summary: 'stop the arbitrator until the cluster is back',
    script: `systemctl stop -- ${quote(unit)}`,
    seconds: 120,
  });
  return { host: name, change };
}

/**
 * Members run and none has the quorum. The survivor with the newest data gets it in place. A member that stopped may
 * have newer data than every survivor, when they were cut off from it before: then the survivors stop, and the cluster
 * is formed from what all have when they are at rest.
 */
function decideWithoutQuorum(members: readonly Member[], context: DecisionContext): Decided {
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
