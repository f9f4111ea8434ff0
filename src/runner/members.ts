import type { Host } from '../inventory/types.ts';
import type { Place, RunContext, StepEnd } from './context.ts';

/**
 * A step that needs a whole cluster cannot run while a member that this run is responsible for is gone: tells the other
 * hosts so and stops the phase. Returns `undefined` when all are there; members that `--limit` leaves out do not count,
 * nor with `exceptUnreachable` those that cannot be reached while another one can.
 */
export function stopWithoutMembers(
  context: RunContext,
  place: Place,
  members: readonly Host[],
  { exceptUnreachable = false }: { readonly exceptUnreachable?: boolean | undefined } = {},
): StepEnd | undefined {
  const mayMiss = exceptUnreachable && context.present(members).length > 0;
  const isExcepted = ({ name }: Host): boolean => {
    if (!context.mayChange(name)) return true;
    const connected = context.connections.of(name);
    return mayMiss && !connected.ok && connected.absence === 'unreachable';
  };
  const missing = members.find((member) => context.whyGone(member.name) !== undefined && !isExcepted(member));
  if (!missing) return undefined;
  const reason = `it needs ${missing.name}: ${context.whyGone(missing.name) ?? ''}`;
  for (const host of context.present(place.planned.hosts)) {
    context.finish(place, host.name, 'skipped', 0, { note: reason });
  }
  return { end: 'stop', outcome: 'failed', reason };
}
