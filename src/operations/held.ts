import type { Effect, PendingReads, ResourceKey } from '../playbook/operation.ts';
import { INSTALLED } from './packages.ts';
import { unitKey } from './unit-state.ts';

/** Effects after which a server holds what it held before. */
const KEEPS: readonly Effect[] = ['starts', 'restarts'];

/**
 * What a server will say of what it holds, such as its users: the same as now, as long as it answers now and nothing but
 * its unit, or that of a peer (`peers`), is going to be touched, in a way that leaves its data alone.
 */
export function heldBy<Observed>(
  unit: string,
  answers: (observed: Observed) => boolean,
  peers?: ResourceKey,
) {
  return (observed: Observed, pending: PendingReads): Observed | undefined => {
    const isKept = [...pending].every(
      ([key, effects]) =>
        key === INSTALLED ||
        ((key === unitKey(unit) || key === peers) && effects.every((effect) => KEEPS.includes(effect))),
    );
    return isKept && answers(observed) ? observed : undefined;
  };
}
