import type { Host } from '../inventory/types.ts';
import { patienceFor } from '../playbook/limits.ts';
import type { Answer, Answers, Finding, HealthCheck } from '../playbook/operation.ts';
import { ProbeError } from '../playbook/operation.ts';
import type { VerifyStep } from '../playbook/step.ts';
import { ConnectionDropped, ScriptTimeout } from '../transport/errors.ts';
import { pause } from '../transport/pause.ts';
import type { Place, RunContext } from './context.ts';
import { NotHealthy } from './failure.ts';
import type { Verified } from './writer.ts';

/** Milliseconds between two probes of something that is not healthy yet. */
const PAUSE_MS = 1000;

/** What every member of a check answers now. A member that cannot be asked has its reason instead. */
export async function answersOf<Observed>(
  context: Pick<RunContext, 'whyGone' | 'observer'>,
  check: Pick<HealthCheck<Observed>, 'members' | 'probe'>,
  options: { again: boolean },
): Promise<Answers<Observed>> {
  const answers = await Promise.all(
    check.members.map(async (member): Promise<[string, Answer<Observed>]> => {
      const gone = context.whyGone(member.name);
      if (gone !== undefined) return [member.name, { reachable: false, reason: gone }];
      const observer = context.observer(member.name);
      const probe = check.probe(member);
      try {
        const observed = await (options.again ? observer.observeAgain(probe) : observer.observe(probe));
        return [member.name, { reachable: true, observed }];
      } catch (error) {
        const answerless =
          error instanceof ConnectionDropped || error instanceof ScriptTimeout || error instanceof ProbeError;
        if (!answerless) throw error;
        return [member.name, { reachable: false, reason: error.message }];
      }
    }),
  );
  return new Map(answers);
}

/**
 * What a check finds, completed: a member of `asked` that gave no answer is unhealthy, also where the check has nothing to
 * say about it. Where no member answered, nothing is known of the cluster as a whole. `asked` defaults to all its members.
 */
export function findingsOf(
  check: Pick<HealthCheck, 'members' | 'judge'>,
  answers: Answers,
  asked: readonly Host[] = check.members,
): readonly Finding[] {
  const judged = check.judge(answers);
  const findings = isSilent(answers) ? judged.map(withoutStatement) : judged;
  const silent = asked.flatMap(({ name }): readonly Finding[] => {
    const answer = answers.get(name);
    if (answer?.reachable !== false || findings.some(({ host }) => host === name)) return [];
    return [{ host: name, subject: 'answer', healthy: false, evidence: `no answer: ${answer.reason}` }];
  });
  return [...findings, ...silent];
}

function isSilent(answers: Answers): boolean {
  return answers.size > 0 && [...answers.values()].every(({ reachable }) => !reachable);
}

/** Findings about a host say themselves that it did not answer. */
function withoutStatement(finding: Finding): Finding {
  if (finding.host !== undefined) return finding;
  return { subject: finding.subject, healthy: false, unknown: true, evidence: 'unknown: no host answered' };
}

/**
 * Asks until a check is healthy, and returns its findings. Throws `NotHealthy` after `withinMs`, stretched by
 * a longer `--timeout`, with the findings that
 * were not healthy. While a member that `--limit` leaves out is not healthy itself, it is not this run's to wait for:
 * then the findings are returned as they are.
 */
export async function waitUntilHealthy(
  context: RunContext,
  place: Place,
  check: HealthCheck,
  withinMs: number,
  options: { again?: boolean } = {},
): Promise<readonly Finding[]> {
  const limitMs = withinMs * patienceFor(context.settings.timeoutMs);
  const until = Date.now() + limitMs;
  // What left the run before is known to be missing. What leaves it now is not healthy, also when it is no longer asked.
  const asked = context.present(check.members);
  let again = options.again ?? true;
  for (;;) {
    const answers = await answersOf(context, check, { again });
    const findings = findingsOf(check, answers, asked);
    const bad = findings.filter((finding) => !finding.healthy);
    if (bad.length === 0 || waitsForOthers(context, check, answers, bad)) return findings;
    if (Date.now() >= until) {
      context.emit({ event: 'findings', phase: place.phase.name, step: place.planned.id, findings });
      throw notHealthy(`timed out after ${inSeconds(limitMs)} waiting for "${check.title}"`, bad);
    }
    await pause(Math.min(PAUSE_MS, until - Date.now()), context.settings.signal);
    context.forget();
    again = true;
  }
}

/**
 * What a check finds now, asked once, and whether a deployment would come to the same: not where something it depends on
 * is going to change, and where it is unhealthy not while anything is, because a check depends on more than its probe
 * reads. With nothing pending nothing mends it: then this throws `NotHealthy`.
 */
export async function foreseeHealth(
  context: RunContext,
  place: Place,
  { check, withinMs }: Pick<VerifyStep, 'check' | 'withinMs'>,
): Promise<Verified> {
  const [changing] = check.members.flatMap(
    (member) => context.pending.of(member.name, check.probe(member)) ?? [],
  );
  if (changing) return { findings: [], later: `verified once ${changing.because} has changed` };
  const answers = await answersOf(context, check, { again: false });
  const findings = findingsOf(check, answers, context.present(check.members));
  const bad = findings.filter((finding) => !finding.healthy);
  if (bad.length === 0 || waitsForOthers(context, check, answers, bad)) return { findings };
  if (!context.pending.isEmpty) {
    return { findings, later: 'unhealthy now; verified once the changes before it are made' };
  }
  context.emit({ event: 'findings', phase: place.phase.name, step: place.planned.id, findings });
  throw notHealthy(
    `verification failed: ${check.title}; no pending change may mend it, and deploy would wait ${inSeconds(withinMs)} for it`,
    bad,
  );
}

function inSeconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

function notHealthy(message: string, bad: readonly Finding[]): NotHealthy {
  return new NotHealthy(
    message,
    bad.map(inOneLine).join('\n'),
    bad.flatMap(({ host }) => (host === undefined ? [] : [host])),
  );
}

/** True while a member that `--limit` leaves out is not healthy: what it holds up is not this run's to mend. */
function waitsForOthers(
  context: RunContext,
  check: HealthCheck,
  answers: Answers,
  bad: readonly Finding[],
): boolean {
  return check.members
    .filter((member) => !context.mayChange(member.name))
    .some(({ name }) => answers.get(name)?.reachable === false || bad.some(({ host }) => host === name));
}

function inOneLine(finding: Finding): string {
  const where = finding.host === undefined ? '' : `${finding.host}: `;
  const hint = finding.hint === undefined ? '' : ` (${finding.hint})`;
  return `${where}${finding.subject}: ${finding.evidence}${hint}`;
}
