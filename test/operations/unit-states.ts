import type { UnitState } from '../../src/operations/unit-state.ts';

/** When the units of these tests were started, in seconds. */
export const STARTED_AT = 1_000;

/** A unit as systemd knows it, and when the file that it reads was last changed: before it started, unless told otherwise. */
export function unitReading(file: string, active: string, changedAt = STARTED_AT - 10): UnitState {
  return {
    active,
    sub: '',
    masked: false,
    isInstalled: true,
    boot: 'enabled',
    startedAt: STARTED_AT,
    reloadFailed: false,
    managed: false,
    now: 2_000,
    changed: new Map([[file, changedAt]]),
  };
}
