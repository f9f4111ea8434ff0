import { afterAll, beforeAll } from 'vitest';
import { down, up } from '../lab.ts';
import { INVENTORY } from './cloud.ts';
import { figuresTables, type Figures } from './figures.ts';

/**
 * Hosts for the tests of a file, with OpenStack's packages on clean disks, and what was measured on them told at the end.
 * With OSHA_KEEP_LAB=1 the hosts stay up afterwards; with OSHA_REUSE_LAB=1 those that are up are taken as they are.
 */
export function hostsForAll(figures: Figures): void {
  beforeAll(async () => {
    await up({
      inventory: INVENTORY,
      replace: true,
      stage: 'openstack',
      fresh: process.env['OSHA_REUSE_LAB'] !== '1',
    });
  });

  afterAll(async () => {
    process.stdout.write(`\n${figuresTables(figures)}\n`);
    if (process.env['OSHA_KEEP_LAB'] !== '1') await down({ lab: INVENTORY });
  });
}
