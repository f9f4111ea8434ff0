import type { Place, RunContext } from './context.ts';
import { failureOf, Refusal } from './failure.ts';

/** Records that a host failed in a step: it takes no part in what follows. Everything else goes on. */
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
  if (error instanceof Refusal) context.refuse(error.message);
  const failure = failureOf(error) ?? {
    message: `osha itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    hint: 'this is a defect of osha; the other hosts went on',
  };
  context.leave(host, `it failed in "${place.planned.step.title}"`);
  context.finish(place, host, 'failed', durationMs, { failure });
}
