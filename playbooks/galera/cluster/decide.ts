import type { ClusterDecision, Decided } from 'osha';
import { besideArbitrator } from './beside-arbitrator.ts';
import { decideAtRest } from './at-rest.ts';
import type { DecisionContext } from './decision.ts';
import { decideLive } from './live.ts';
import { reachedOf, refuseMoved } from './election.ts';
import { evidenceOf, isNonPrimary, isPrimary, isUnreachable, type Member } from './members.ts';
import { decideWithoutQuorum } from './no-quorum.ts';
import { settle } from './settle.ts';
import { refuseUnaskable } from './unaskable.ts';

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
