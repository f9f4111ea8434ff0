import type { Answers, ClusterDecision, ClusterOperation, Evidence, Host } from 'osha';
import { conflictOf, type Wanted } from './conflict.ts';
import { confOf, memberProbe, type MemberState } from './member-state.ts';

export interface RecognitionOptions extends Wanted {
  readonly corosyncConf: string;
}

/**
 * The hosts are in the cluster that the inventory means, or in none yet. Changes nothing: refuses where they are in
 * another one, and where a cluster could not be formed or completed without harm; see `conflictOf`.
 */
export function recognised(
  members: readonly Host[],
  options: RecognitionOptions,
): ClusterOperation<MemberState> {
  const probe = memberProbe(options.corosyncConf);
  return {
    scope: 'cluster',
    title: 'cluster of the hosts',
    members,
    probe: () => probe,
    decide: (answers) => decideRecognition(members, answers, options),
  };
}

/** Pure. See `recognised`. */
export function decideRecognition(
  members: readonly Host[],
  answers: Answers<MemberState>,
  wanted: Wanted,
): ClusterDecision {
  const conflict = conflictOf(members, answers, wanted);
  if (!conflict) return { verdict: 'converged' };
  return { verdict: 'refuse', ...conflict, evidence: evidenceOf(answers) };
}

/** What each member says of its cluster, as a table. */
export function evidenceOf(answers: Answers<MemberState>): Evidence {
  return {
    columns: ['member', 'cluster', 'its nodes', 'corosync', 'pacemaker'],
    rows: [...answers].map(([name, answer]) => {
      if (!answer.reachable) return [name, answer.reason, '', '', ''];
      const { runs, pacemaker } = answer.observed;
      const conf = confOf(answer.observed);
      return [
        name,
        conf?.clusterName ?? 'none',
        conf?.nodes.map((node) => node.name).join(' ') ?? '',
        runs === undefined ? 'stopped' : `runs as ${runs === '' ? 'it does not say what' : runs}`,
        pacemaker ? 'runs' : 'stopped',
      ];
    }),
  };
}
