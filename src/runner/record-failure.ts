import type { Place, RunContext, StepEnd } from './context.ts';
import type { StepFailure } from './events.ts';
import { failureOf, Refusal } from './failure.ts';

/** Records that a host failed in a step: it takes no part in what follows. Everything else continues. */
export function failed(
  context: RunContext,
  place: Place,
  host: string,
  error: unknown,
  durationMs: number,
): void {
  if (context.interrupted) {
    context.finish(place, host, 'skipped', durationMs, { note: 'interrupted' });
    return;
  }
  context.leave(host, `it failed in "${place.planned.step.title}"`);
  context.finish(place, host, 'failed', durationMs, { failure: inWords(error) });
}

/**
 * Records that a step failed or was refused for which no host is to blame: its phase stops, and its hosts take part in
 * all that does not need that phase.
 */
export function stepFailed(context: RunContext, place: Place, error: unknown): StepEnd {
  const { title } = place.planned.step;
  if (context.interrupted) return { end: 'stop', outcome: 'failed', reason: 'interrupted' };
  const failure = inWords(error);
  if (error instanceof Refusal) {
    context.refuse(`${place.phase.name}: ${error.message}`);
    return { end: 'stop', outcome: 'refused', reason: `"${title}" was refused: ${error.message}`, failure };
  }
  context.stepFailed();
  return { end: 'stop', outcome: 'failed', reason: `"${title}" failed`, failure };
}

function inWords(error: unknown): StepFailure {
  return (
    failureOf(error) ?? {
      message: `osha itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      hint: 'this is a defect of osha: please report it with the log of this run',
    }
  );
}
