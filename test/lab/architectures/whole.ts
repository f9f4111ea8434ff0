import { expect } from 'vitest';
import { untilHealthy as statusHealthy } from '../support/healthy.ts';
import { changesOf, failuresOf, osha } from '../support/osha.ts';
import type { Architecture } from './architecture.ts';

/** Time for databases to catch up, brokers to rejoin, volumes to heal and services to start, on two cores. */
const MOST_RECOVERY_MS = 8 * 60_000;

/** Waits until `status` reports everything healthy; fails with its last findings. */
export async function untilHealthy({ file }: Architecture): Promise<void> {
  await statusHealthy(file, MOST_RECOVERY_MS);
}

/** Deploys again, which must find everything converged. Returns the duration in milliseconds. */
export async function expectNothingToDo({ file }: Architecture): Promise<number> {
  const again = await osha('deploy', file, '--json');
  expect(failuresOf(again)).toEqual([]);
  expect(changesOf(again)).toEqual([]);
  expect(again.exitCode, again.stderr).toBe(0);
  return again.durationMs;
}

/** Starts a killed host, and checks that everything is as before. */
export async function expectRecovery(architecture: Architecture, host: string): Promise<void> {
  await architecture.lab.start(host);
  await untilHealthy(architecture);
  await expectNothingToDo(architecture);
}
