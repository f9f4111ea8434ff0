import type { RunEvent } from '../runner/events.ts';
import { EXIT } from './io.ts';

/**
 * The exit code of a run. Where several things went wrong, the one that has to be dealt with first decides: an
 * interruption, a refusal, a host that could not be reached, a failure.
 */
export function exitCodeOf(
  summary: Extract<RunEvent, { event: 'summary' }>,
  options: { readonly pendingIsError?: boolean } = {},
): number {
  if (summary.interrupted) return EXIT.interrupted;
  if (summary.refused !== undefined) return EXIT.refused;
  if (summary.unreachable > 0) return EXIT.unreachable;
  if (summary.failed > 0) return EXIT.failed;
  return options.pendingIsError && summary.changes > 0 ? EXIT.pending : EXIT.ok;
}
