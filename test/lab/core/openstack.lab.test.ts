import { afterAll, beforeAll, describe } from 'vitest';
import { down, up } from '../lab.ts';
import { INVENTORY } from '../openstack/cloud.ts';
import { deployment } from '../openstack/deployment.ts';
import { figuresTables, noFigures } from '../openstack/figures.ts';

const figures = noFigures();

/**
 * A short life of a cloud: from hosts with nothing but packages to a server that boots.
 * With OSHA_KEEP_LAB=1 the hosts stay up afterwards; with OSHA_REUSE_LAB=1 those that are up are taken as they are.
 */
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

describe('from untouched hosts to a cloud', () => deployment(figures));
