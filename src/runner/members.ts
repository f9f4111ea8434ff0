import type { Host } from '../inventory/types.ts';
import type { Place, RunContext, StepEnd } from './context.ts';

/**
 * A step that needs a whole cluster cannot run while a member that this run is responsible for is gone: tells the other
 * hosts so and stops the phase. Returns `undefined` when all are there; members that `--limit` leaves out do not count.
 */
export function stopWithoutMembers(
  context: RunContext,
  place: Place,
  members: readonly Host[],
): StepEnd | undefined {
  const missing = members.find(
    (member) => context.mayChange(member.name) && context.whyGone(member.name) !== undefined,
  );
  if (!missing) return undefined;
  const reason = `it needs ${missing.name}: ${context.whyGone(missing.name) ?? ''}`;
  for (const host of context.present(place.planned.hosts)) {
    context.finish(place, host.name, 'skipped', 0, { note: reason });
  }
  return { end: 'stop', outcome: 'failed', reason };
}
