import { clusterChange, type Decided, type HostChange, quote } from 'osha';
import type { Arbitrator } from './arbitrator.ts';
import { bootstrapCommand, type DecisionContext } from './decision.ts';
import { CLUSTER } from './observe.ts';

/**
 * A decision that gives a quorum to somebody, with the arbitrator out of the way. When all members stop in good order,
 * it stays behind with a quorum of its own; a member that is bootstrapped beside it would meet it as a second cluster.
 * It is started again once the cluster is there.
 */
export function besideArbitrator(decided: Decided, context: DecisionContext): Decided {
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
