import type { Host } from '../inventory/types.ts';
import type { VerifyStep } from '../playbook/step.ts';
import { done, type Place, type RunContext, type StepEnd } from './context.ts';
import { failed, stepFailed } from './failed.ts';
import { NotHealthy } from './failure.ts';
import { stopWithoutMembers } from './members.ts';
import { answersOf, findingsOf, waitUntilHealthy } from './wait.ts';

/** Runs a verifying step: it passes once its check is healthy, and stops its phase when that takes too long. */
export async function runVerifyStep(context: RunContext, place: Place, step: VerifyStep): Promise<StepEnd> {
  const hosts = context.present(place.planned.hosts);
  const lacking = stopWithoutMembers(context, place, step.check.members);
  if (lacking) return lacking;
  const started = Date.now();
  const tell = { phase: place.phase.name, step: place.planned.id };
  for (const host of hosts) context.emit({ event: 'host-started', ...tell, host: host.name });
  try {
    if (context.settings.mode === 'diff') return await judgeOnce(context, place, step);
    const findings = await waitUntilHealthy(context, place, step.check, step.withinMs, { again: false });
    context.emit({ event: 'findings', ...tell, findings });
    if (findings.some((finding) => !finding.healthy)) {
      context.emit({
        event: 'warning',
        message: `${step.title}: not healthy, because of a member that --limit leaves out`,
      });
    }
    for (const host of hosts) context.finish(place, host.name, 'ok', Date.now() - started);
    return done;
  } catch (error) {
    const blamed = error instanceof NotHealthy ? error.hosts : [];
    const isBlamed = ({ name }: Host): boolean => blamed.includes(name);
    const end: StepEnd = hosts.some(isBlamed)
      ? { end: 'stop', outcome: 'failed', reason: `verification failed: ${step.title}` }
      : stepFailed(context, place, error);
    const note = end.end === 'stop' ? { note: end.reason } : {};
    for (const host of hosts) {
      if (isBlamed(host)) failed(context, place, host.name, error, Date.now() - started);
      else context.finish(place, host.name, 'skipped', 0, note);
    }
    return end;
  }
}

async function judgeOnce(context: RunContext, place: Place, step: VerifyStep): Promise<StepEnd> {
  const hosts = context.present(place.planned.hosts);
  const pending = step.check.members
    .map((member) => context.pending.reason(member.name, step.check.probe(member)))
    .find((reason) => reason !== undefined);
  if (pending === undefined) {
    const asked = context.present(step.check.members);
    const answers = await answersOf(context, step.check, { again: false });
    const findings = findingsOf(step.check, answers, asked);
    context.emit({ event: 'findings', phase: place.phase.name, step: place.planned.id, findings });
  }
  for (const host of hosts) {
    if (pending === undefined) context.finish(place, host.name, 'ok', 0);
    else context.finish(place, host.name, 'unknown', 0, { note: `known after ${pending} has changed` });
  }
  return done;
}
