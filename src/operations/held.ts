import type { PendingReads, ResourceKey } from '../playbook/operation.ts';
import { INSTALLED } from './packages.ts';
import { foreseeUnit, RUNS, unitKey, type UnitState } from './unit-state.ts';

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
        ((key === unitKey(unit) || key === peers) && effects.every((effect) => RUNS.includes(effect))),
    );
    return isKept && answers(observed) ? observed : undefined;
  };
}

/**
 * What a member of a cluster will say of itself: its unit as `foreseeUnit` has it, the rest as now. Not known where the
 * membership (`members`) changes before, or where the member `canSay` nothing of it yet.
 */
export function foreseeMember<Observed extends { readonly unit: UnitState }>(
  unit: string,
  members: ResourceKey,
  canSay: (observed: Observed) => boolean = () => true,
) {
  return (observed: Observed, pending: PendingReads): Observed | undefined => {
    if (pending.get(members)?.length || !canSay(observed)) return undefined;
    const foreseen = foreseeUnit(unit, observed.unit, pending);
    return foreseen && { ...observed, unit: foreseen };
  };
}
