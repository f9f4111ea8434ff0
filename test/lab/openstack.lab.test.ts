import { afterAll, beforeAll, describe } from 'vitest';
import { down, up } from './lab.ts';
import { INVENTORY } from './openstack/cloud.ts';
import { controllers } from './openstack/controllers.ts';
import { deployment } from './openstack/deployment.ts';
import { figuresTables, noFigures } from './openstack/figures.ts';
import { keys } from './openstack/keys.ts';
import { losses } from './openstack/losses.ts';
import { services } from './openstack/services.ts';

const figures = noFigures();

/**
 * A cloud, and what becomes of it when parts of it die. With OSHA_KEEP_LAB=1 the hosts stay up afterwards; with
 * OSHA_REUSE_LAB=1 those that are up are taken as they are.
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
describe('new keys for tokens', keys);
describe('a service that fails', services);
describe('what every service has to live without', losses);
describe('a controller that dies', () => controllers(figures));
