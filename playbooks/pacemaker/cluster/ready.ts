import {
  type Answers,
  type Change,
  type ClusterDecision,
  type ClusterOperation,
  type Decided,
  type Evidence,
  type Host,
  LIMITS,
  quote,
  within,
} from 'osha';
import type { DesiredResources } from './desired.ts';
import { endOf, holdsInWords, holdsOf } from './hold.ts';
import { resourceProbe, RUNNING, type ResourceState } from './resource-state.ts';
import type { Conflict } from './recognition.ts';
import { resourceConflict } from './resources.ts';

/** Maximum seconds until members see each other, and until the coordinator accepts a joined one. */
const SETTLED_WITHIN_SECONDS = LIMITS.pacemakerSettles;

/**
 * Checks that the cluster can run its resources: it has quorum, its members see each other, and there are no holds, such as
 * a member in standby. Refuses immediately, with the command to end the hold, instead of waiting in vain. Waits only for
 * members that are just joining.
 */
export function clusterReady(
  members: readonly Host[],
  desired: DesiredResources,
): ClusterOperation<ResourceState> {
  return {
    scope: 'cluster',
    title: 'a cluster that can run resources',
    members,
    probe: () => resourceProbe,
    oneSpeaksForAll: true,
    decide: (answers) => decideReady(desired, answers),
  };
}

/** Pure. See `clusterReady`. */
export function decideReady(desired: DesiredResources, answers: Answers<ResourceState>): ClusterDecision {
  const decided = decide(desired, answers);
  return decided.verdict === 'converged' ? decided : { ...decided, evidence: evidenceOf(answers) };
}

function decide(desired: DesiredResources, answers: Answers<ResourceState>): Decided {
  const views = [...answers].flatMap(([host, answer]) =>
    answer.reachable ? [[host, answer.observed] as const] : [],
  );
  const refuse = (conflict: Conflict): Decided => ({ verdict: 'refuse', ...conflict });
  const best =
    views.find(([, { monitor }]) => monitor.quorate) ??
    views.find(([, { monitor }]) => monitor.hasCoordinator);
  if (!best) return refuse(noAnswer(answers));
  const [host, { cib, monitor }] = best;
  const holds = holdsOf(desired, monitor, cib);
  if (holds.length > 0) return refuse({ reason: holdsInWords(holds), hint: `to end this: ${endOf(holds)}` });
  const conflict = resourceConflict(desired, { cib, monitor });
  if (conflict) return refuse(conflict);
  const pending = [...monitor.members].flatMap(([name, condition]) =>
    condition === 'pending' ? [name] : [],
  );
  const [unseen] = unseenOf(views);
  if (unseen) {
    const [from, name] = unseen;
    return {
      verdict: 'change',
      because: `${from} does not see ${name}, which also runs Pacemaker: each could run all resources`,
      stages: [[{ host: from, change: waitingFor(name) }]],
    };
  }
  if (pending.length === 0) return { verdict: 'converged' };
  return {
    verdict: 'change',
    because: `the cluster has not accepted ${pending.join(', ')} yet`,
    stages: [[{ host, change: waitingUntilIn(pending) }]],
  };
}

function noAnswer(answers: Answers<ResourceState>): Conflict {
  const said = [...answers].map(
    ([host, answer]) => `${host}: ${answer.reachable ? 'sees no coordinator' : answer.reason}`,
  );
  return {
    reason: `no member reports the state of the cluster (${said.join('; ')})`,
    hint: 'check on each of them: systemctl status corosync pacemaker (osha restarts nothing, because it may serve clients)',
  };
}

/** Pairs of members that both run Pacemaker while the first sees the second as offline. */
function unseenOf(
  views: readonly (readonly [string, ResourceState])[],
): readonly (readonly [string, string])[] {
  const isGone = (condition: string | undefined): boolean =>
    condition === 'offline' || condition === 'unclean';
  return views.flatMap(([host, { monitor }]) =>
    views.flatMap(([other]) =>
      other !== host && isGone(monitor.members.get(other)) ? [[host, other] as const] : [],
    ),
  );
}

function waitingUntilIn(names: readonly string[]): Change {
  const found = names.map((name) => `-e '<node name="${name}" [^>]*pending="true"'`).join(' ');
  return waiting(
    `wait until the cluster accepts ${names.join(', ')}`,
    `grep -q ${found}`,
    'the cluster does not accept it; check there: journalctl --unit=pacemaker',
  );
}

/** Members that were just started may still have to find each other. */
function waitingFor(name: string): Change {
  return waiting(
    `wait until this member sees ${name}, which also runs Pacemaker`,
    `grep -q '<node name="${name}" [^>]*online="false"'`,
    `this member does not see ${name}; check the links on both: corosync-cfgtool -s`,
  );
}

/** Waits while `command` matches the output of `crm_mon`. */
function waiting(summary: string, command: string, otherwise: string): Change {
  return {
    summary,
    effects: [],
    script: `tries=0
while crm_mon --one-shot --output-as=xml 2>/dev/null | ${command}; do
  tries=$((tries + 1))
  if [ "$tries" -ge ${within('pacemakerSettles')} ]; then
    echo ${quote(otherwise)} >&2
    exit 1
  fi
  sleep 1
done`,
    touches: [RUNNING],
    timeoutMs: (SETTLED_WITHIN_SECONDS + 60) * 1000,
  };
}

function evidenceOf(answers: Answers<ResourceState>): Evidence {
  const rows = [...answers].map(([host, answer]): readonly string[] => {
    if (!answer.reachable) return [host, answer.reason, ''];
    const { monitor } = answer.observed;
    const seen = [...monitor.members].map(([name, condition]) => `${name} ${condition}`);
    return [host, seen.join(', '), monitor.quorate ? 'yes' : 'no'];
  });
  return { columns: ['member', 'sees', 'quorum'], rows };
}
