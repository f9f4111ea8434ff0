import { expect } from 'vitest';
import { untilHealthy as statusHealthy } from '../support/healthy.ts';
import { changesOf, failuresOf, osha } from '../support/osha.ts';
import type { Architecture } from './architecture.ts';

/** A database that copies what it missed, a broker that joins again, volumes that heal, services that start: on two cores. */
const MOST_RECOVERY_MS = 8 * 60_000;

/** Waits until `status` finds everything healthy; the failure says what it found last. */
export async function untilHealthy({ file }: Architecture): Promise<void> {
  await statusHealthy(file, MOST_RECOVERY_MS);
}

/** Deploys once more, which must find nothing to do. Returns how long that took, in milliseconds. */
export async function expectNothingToDo({ file }: Architecture): Promise<number> {
  const again = await osha('deploy', file, '--json');
  expect(failuresOf(again)).toEqual([]);
  expect(changesOf(again)).toEqual([]);
  expect(again.exitCode, again.stderr).toBe(0);
  return again.durationMs;
}

/** Brings a host back that was killed, and sees that everything is as it was before. */
export async function expectRecovery(architecture: Architecture, host: string): Promise<void> {
  await architecture.lab.start(host);
  await untilHealthy(architecture);
  await expectNothingToDo(architecture);
}
