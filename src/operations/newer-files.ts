import type { UnitState } from './unit-state.ts';

/**
 * Files that changed after the unit last started, or after `since` (seconds since 1970). Where that lies ahead of the
 * host's clock, the clock was set back and cannot be compared with: all of them.
 */
export function newerThanStart(
  state: Pick<UnitState, 'startedAt' | 'now' | 'changed'>,
  since: number | undefined = state.startedAt,
): readonly string[] {
  if (since === undefined) return [];
  if (since > state.now + 1) return [...state.changed.keys()];
  return [...state.changed].filter(([, changedAt]) => changedAt > since).map(([path]) => path);
}
