import {
  type Answers,
  type Change,
  type ClusterDecision,
  type ClusterOperation,
  type Host,
  LIMITS,
  quote,
  within,
} from 'osha';
import { memberView, type MemberView } from './health-cluster.ts';
import { runningOn } from './resource-state.ts';

/** What a member of the cluster is wanted to do with resources. */
export type Standing = 'standby' | 'online';

/**
 * A member runs no resources and gets none (`standby`), or takes its part again (`online`). The cluster records it, so it
 * outlasts a restart of the host, and can be changed while the member is down in an orderly way. A member that is in standby
 * after a failure, or in maintenance mode, is left alone.
 */
export function standing(
  members: readonly Host[],
  name: string,
  wanted: Standing,
): ClusterOperation<MemberView> {
  return {
    scope: 'cluster',
    title: wanted === 'standby' ? `${name} is in standby` : `${name} runs resources again`,
    members,
    decidesWithoutUnreachable: true,
    probe: () => memberView,
    decide: (answers) => decideStanding(name, wanted, answers),
  };
}

/** Conditions of a member in which the cluster knows what runs there. One that is offline runs nothing. */
const ORDERLY: readonly string[] = ['online', 'standby', 'offline'];

/** Pure. See `standing`. */
export function decideStanding(
  name: string,
  wanted: Standing,
  answers: Answers<MemberView>,
): ClusterDecision {
  for (const [from, answer] of answers) {
    const monitor = answer.reachable ? answer.observed.monitor : undefined;
    if (!monitor?.quorate) continue;
    const condition = monitor.members.get(name);
    const change = (because: string, made: Change): ClusterDecision => ({
      verdict: 'change',
      because,
      stages: [[{ host: from, change: made }]],
    });
    const isKept = monitor.standby.has(name);
    if (wanted === 'online') {
      return isKept
        ? change(`${name} is in standby`, standbyChange(name, 'unstandby'))
        : { verdict: 'converged' };
    }
    if (condition === undefined || !ORDERLY.includes(condition)) {
      return {
        verdict: 'refuse',
        reason: `${name} is ${condition ?? 'not a member'} in the cluster: its resources cannot be moved in an orderly way`,
        hint: `bring it back first: osha deploy INVENTORY --only pacemaker`,
      };
    }
    const running = runningOn(name, monitor);
    if (isKept && running.length === 0) return { verdict: 'converged' };
    const because = running.length === 0 ? `${name} may get resources` : `${running.join(', ')} on ${name}`;
    return change(because, standbyChange(name, 'standby'));
  }
  return {
    verdict: 'refuse',
    reason: 'no member reports a cluster with quorum',
    hint: 'start it first: osha recover INVENTORY pacemaker',
  };
}

/** Waits until the cluster has no pending actions: the resources have moved, or have come back. */
function standbyChange(name: string, verb: 'standby' | 'unstandby'): Change {
  return {
    summary: verb === 'standby' ? `put ${name} in standby` : `end the standby of ${name}`,
    script: `pcs node ${verb} ${quote(name)} --wait=${within('pacemakerStarts')}`,
    touches: ['cluster:pacemaker/running', 'cluster:resources'],
    timeoutMs: (LIMITS.pacemakerStarts + 60) * 1000,
  };
}
