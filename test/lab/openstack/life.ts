import { afterAll } from 'vitest';
import { hostsForAll } from '../support/life.ts';
import { INVENTORY } from './cloud.ts';
import { figuresTables, type Figures } from './figures.ts';

/** Hosts with OpenStack's packages for the tests of a file; prints the measurements at the end. */
export function cloudForAll(figures: Figures): void {
  hostsForAll({ inventory: INVENTORY, replace: true, stage: 'openstack' });
  afterAll(() => {
    process.stdout.write(`\n${figuresTables(figures)}\n`);
  });
}
