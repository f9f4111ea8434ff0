import { expect, it } from 'vitest';
import { osha } from '../support/osha.ts';
import type { Architecture, Aspect } from './architecture.ts';

/** Seconds that the cloud may take to answer again, where it moves to another host as a group and starts there. */
const PATIENCE_SECONDS = 240;

/** The services of OpenStack that an architecture carries do what they are for, together. */
export const cloud: Aspect = {
  title: 'OpenStack',
  fits: isCloud,
  tests: (architecture) => {
    it('is used as a whole by the smoke test, which leaves nothing behind', () => expectSmoke(architecture));
  },
};

export function isCloud({ systems }: Architecture): boolean {
  return systems.has('keystone');
}

/** Uses the cloud as a whole: what a lost host brings with it is waited for, and what fails is a failure. */
export async function expectSmoke({ file }: Architecture): Promise<void> {
  const smoke = await osha('smoke', file, '--json', '--patience', String(PATIENCE_SECONDS));
  expect(smoke.exitCode, smoke.stdout.slice(-3000) + smoke.stderr).toBe(0);
}

/** Whether Keystone answers at a virtual IP, and so has its database and whatever else it needs to start. */
export async function keystoneAnswers(address: string): Promise<boolean> {
  const answer = await fetch(`http://${address}:5000/v3`, { signal: AbortSignal.timeout(3000) });
  await answer.arrayBuffer();
  return answer.ok;
}
