import { expect, it } from 'vitest';
import { osha } from '../support/osha.ts';
import type { Architecture, Aspect } from './architecture.ts';

/** Seconds for the cloud to answer again after a group moves and starts on another host. */
const PATIENCE_SECONDS = 240;

/** The OpenStack services of an architecture work together. */
export const cloud: Aspect = {
  title: 'OpenStack',
  fits: isCloud,
  tests: (architecture) => {
    it('passes the smoke test, which leaves nothing behind', () => expectSmoke(architecture));
  },
};

export function isCloud({ systems }: Architecture): boolean {
  return systems.has('keystone');
}

/** Runs the smoke test, with patience for the effects of a lost host. */
export async function expectSmoke({ file }: Architecture): Promise<void> {
  const smoke = await osha('smoke', file, '--json', '--patience', String(PATIENCE_SECONDS));
  expect(smoke.exitCode, smoke.stdout.slice(-3000) + smoke.stderr).toBe(0);
}

/** Whether Keystone answers at a virtual IP. */
export async function keystoneAnswers(address: string): Promise<boolean> {
  const answer = await fetch(`http://${address}:5000/v3`, { signal: AbortSignal.timeout(3000) });
  await answer.arrayBuffer();
  return answer.ok;
}
