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
import type { Conflict } from './conflict.ts';
import type { DesiredResources } from './desired.ts';
import { endOf, holdsInWords, holdsOf } from './hold.ts';
import { resourceConflict } from './resource-conflict.ts';
import { resourceProbe, RUNNING, type ResourceState } from './resource-state.ts';

/** Seconds that members may take to find each other, and the coordinator to let one in that has joined. */
const SETTLED_WITHIN_SECONDS = LIMITS.pacemakerSettles;

/**
 * The cluster can run what the inventory wants: it has a quorum, its members see each other, and nothing that somebody
 * told it holds it back, such as a member in standby. Refuses at once, with the command that ends it, instead of waiting
 * for what cannot happen. Waits only for members that are just finding each other, or being let in.
 */
export function ready(members: readonly Host[], desired: DesiredResources): ClusterOperation<ResourceState> {
  return {
    scope: 'cluster',
    title: 'a cluster that can work',
    members,
    probe: () => resourceProbe,
    oneSpeaksForAll: true,
    decide: (answers) => decideReady(desired, answers),
  };
}

/** Pure. See `ready`. */
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
  if (holds.length > 0) return refuse({ reason: holdsInWords(holds), hint: `to end that: ${endOf(holds)}` });
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
      because: `${from} does not see ${name}, which runs Pacemaker as well: each could run all resources`,
      stages: [[{ host: from, change: waitingFor(name) }]],
    };
  }
  if (pending.length === 0) return { verdict: 'converged' };
  return {
    verdict: 'change',
    because: `the cluster has not let ${pending.join(', ')} in yet`,
    stages: [[{ host, change: waitingUntilIn(pending) }]],
  };
}

function noAnswer(answers: Answers<ResourceState>): Conflict {
  const said = [...answers].map(
    ([host, answer]) => `${host}: ${answer.reachable ? 'it sees no coordinator' : answer.reason}`,
  );
  return {
    reason: `no member says what the cluster runs (${said.join('; ')})`,
    hint: 'on each of them: systemctl status corosync pacemaker. Nothing is restarted: what it runs may serve',
  };
}

/** Members that run Pacemaker, each with one that takes it for dead: the latter is named first. */
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
    `wait until the cluster lets ${names.join(', ')} in`,
    `grep -q ${found}`,
    'the cluster does not let it in. What Pacemaker says there: journalctl --unit=pacemaker',
  );
}

/** Members that were only just started may have to find each other yet. */
function waitingFor(name: string): Change {
  return waiting(
    `wait until this member sees ${name}, which runs Pacemaker as well`,
    `grep -q '<node name="${name}" [^>]*online="false"'`,
    `this member does not see ${name}. What is between them, on each of the two: corosync-cfgtool -s`,
  );
}

/** Waits while what `crm_mon` says is such that `command` finds it. */
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
