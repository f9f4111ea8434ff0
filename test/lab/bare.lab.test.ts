import { afterAll, beforeAll, expect, it } from 'vitest';
import { down, up } from './lab.ts';
import { changesOf, failuresOf, osha } from './support/osha.ts';

const INVENTORY = 'inventory/lab.yaml';

/** Hosts with only Debian and sshd: the deployment installs every package. */
beforeAll(async () => {
  await up({ inventory: INVENTORY, stage: 'bare', fresh: true });
});

afterAll(async () => {
  if (process.env['OSHA_KEEP_LAB'] !== '1') await down({ lab: INVENTORY });
});

it('deploys onto bare hosts', async () => {
  const deployed = await osha('deploy', INVENTORY, '--json');
  expect(failuresOf(deployed)).toEqual([]);
  expect(deployed.exitCode, deployed.stderr).toBe(0);
  process.stdout.write(`deployed in ${Math.round(deployed.durationMs / 1000)} s\n`);
});

it('is healthy afterwards', async () => {
  const status = await osha('status', INVENTORY);
  expect(status.exitCode, status.stdout + status.stderr).toBe(0);
});

it('is converged on a second run', async () => {
  const again = await osha('deploy', INVENTORY, '--json');
  expect(changesOf(again)).toEqual([]);
  expect(again.exitCode, again.stderr).toBe(0);
  process.stdout.write(`converged, checked in ${(again.durationMs / 1000).toFixed(1)} s\n`);
});
