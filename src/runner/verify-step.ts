import type { Host } from '../inventory/types.ts';
import type { VerifyStep } from '../playbook/step.ts';
import { done, type Place, type RunContext, type StepEnd } from './context.ts';
import { failed, stepFailed } from './record-failure.ts';
import { NotHealthy } from './failure.ts';
import { stopWithoutMembers } from './members.ts';
import type { Writer } from './writer.ts';

/** Runs a verifying step: it passes once its check is healthy, and stops its phase where that fails. */
export async function runVerifyStep(
  context: RunContext,
  writer: Writer,
  place: Place,
  step: VerifyStep,
): Promise<StepEnd> {
  const hosts = context.present(place.planned.hosts);
  const lacking = stopWithoutMembers(context, place, step.check.members);
  if (lacking) return lacking;
  const started = Date.now();
  const tell = { phase: place.phase.name, step: place.planned.id };
  for (const host of hosts) context.emit({ event: 'host-started', ...tell, host: host.name });
  try {
    const { findings, later } = await writer.verification(context, place, step);
    if (findings.length > 0) context.emit({ event: 'findings', ...tell, findings });
    if (later === undefined && findings.some((finding) => !finding.healthy)) {
      context.emit({
        event: 'warning',
        message: `${step.title}: not healthy, because of a member that --limit excludes`,
      });
    }
    for (const host of hosts) {
      const spent = Date.now() - started;
      if (later === undefined) context.finish(place, host.name, 'ok', spent);
      else context.finish(place, host.name, 'verified-later', spent, { note: later });
    }
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
