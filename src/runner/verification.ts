import { patienceFor } from '../playbook/limits.ts';
import type { Answers, Finding, HealthCheck } from '../playbook/operation.ts';
import type { VerifyStep } from '../playbook/step.ts';
import { pause } from '../transport/timers.ts';
import { answersOf, findingsOf } from './answers.ts';
import { NotHealthy } from './failure.ts';
import { done, type StepEnd, type StepRun } from './step-run.ts';
import type { Verified, Writer } from './writer.ts';

/** Milliseconds between two probes of something that is not healthy yet. */
const PAUSE_MS = 1000;

/** Runs a verifying step: it passes once its check is healthy, and stops its phase where that fails. */
export async function runVerifyStep(run: StepRun, writer: Writer, step: VerifyStep): Promise<StepEnd> {
  const hosts = run.present();
  const lacking = run.stopWithoutMembers(step.check.members);
  if (lacking) return lacking;
  const started = Date.now();
  const spent = (): number => Date.now() - started;
  for (const host of hosts) run.started(host.name);
  try {
    const { findings, later } = await writer.verification(run, step);
    if (findings.length > 0) run.emit({ event: 'findings', ...run.place, findings });
    if (later === undefined && findings.some((finding) => !finding.healthy)) {
      const message = `${step.title}: not healthy, because of a member that --limit excludes`;
      run.emit({ event: 'warning', message });
    }
    for (const { name } of hosts) {
      if (later === undefined) run.finish(name, 'ok', spent());
      else run.finish(name, 'verified-later', spent(), { note: later });
    }
    return done;
  } catch (error) {
    const blamed = error instanceof NotHealthy ? error.hosts : [];
    const isBlamed = ({ name }: { readonly name: string }): boolean => blamed.includes(name);
    const end: StepEnd = hosts.some(isBlamed)
      ? { end: 'stop', outcome: 'failed', reason: `verification failed: ${step.title}` }
      : run.failAsWhole(error);
    const note = end.end === 'stop' ? { note: end.reason } : {};
    for (const host of hosts) {
      if (isBlamed(host)) run.fail(host.name, error, spent());
      else run.finish(host.name, 'skipped', 0, note);
    }
    return end;
  }
}

/**
 * Probes until a check is healthy, and returns its findings. Throws `NotHealthy` with the unhealthy findings after
 * `withinMs`, which a longer `--timeout` stretches. While a member that `--limit` leaves out is itself unhealthy, this run
 * does not wait for the cluster: the findings are returned as they are.
 */
export async function waitUntilHealthy(
  run: StepRun,
  check: HealthCheck,
  withinMs: number,
  options: { again?: boolean } = {},
): Promise<readonly Finding[]> {
  const { phaseRun } = run;
  const { timeoutMs, signal } = phaseRun.planRun.settings;
  const limitMs = withinMs * patienceFor(timeoutMs);
  const until = Date.now() + limitMs;
  // Members that left the run earlier are known to be missing. One that leaves it from here on counts as unhealthy.
  const asked = phaseRun.present(check.members);
  let again = options.again ?? true;
  for (;;) {
    const answers = await answersOf(phaseRun, check, { again });
    const findings = findingsOf(check, answers, asked);
    const bad = findings.filter((finding) => !finding.healthy);
    if (bad.length === 0 || dependsOnOthers(run, check, answers, bad)) return findings;
    if (Date.now() >= until) {
      run.emit({ event: 'findings', ...run.place, findings });
      throw notHealthy(`timed out after ${inSeconds(limitMs)} waiting for "${check.title}"`, bad);
    }
    await pause(Math.min(PAUSE_MS, until - Date.now()), signal);
    phaseRun.forget();
    again = true;
  }
}

/**
 * The findings of a check now, and whether a deployment would get the same: not where something that the check depends on
 * is going to change; and where it is unhealthy, not while anything is pending, because a check depends on more than its
 * probe reads. Unhealthy with nothing pending: throws `NotHealthy`.
 */
export async function foreseeHealth(
  run: StepRun,
  { check, withinMs }: Pick<VerifyStep, 'check' | 'withinMs'>,
): Promise<Verified> {
  const { phaseRun } = run;
  const { pending } = phaseRun;
  const [changing] = check.members.flatMap((member) => pending.of(member.name, check.probe(member)) ?? []);
  if (changing) return { findings: [], later: `verified once ${changing.because} has changed` };
  const answers = await answersOf(phaseRun, check, { again: false });
  const findings = findingsOf(check, answers, phaseRun.present(check.members));
  const bad = findings.filter((finding) => !finding.healthy);
  if (bad.length === 0 || dependsOnOthers(run, check, answers, bad)) return { findings };
  if (!pending.isEmpty) {
    return { findings, later: 'unhealthy now; verified once the changes before it are made' };
  }
  run.emit({ event: 'findings', ...run.place, findings });
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

/** True while a member that `--limit` leaves out is unhealthy: this run cannot mend what depends on it. */
function dependsOnOthers(
  { phaseRun }: StepRun,
  check: HealthCheck,
  answers: Answers,
  bad: readonly Finding[],
): boolean {
  return check.members
    .filter((member) => !phaseRun.planRun.mayChange(member.name))
    .some(({ name }) => answers.get(name)?.reachable === false || bad.some(({ host }) => host === name));
}

function inOneLine(finding: Finding): string {
  const where = finding.host === undefined ? '' : `${finding.host}: `;
  const hint = finding.hint === undefined ? '' : ` (${finding.hint})`;
  return `${where}${finding.subject}: ${finding.evidence}${hint}`;
}
