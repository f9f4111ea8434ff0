import { afterAll, beforeAll, describe } from 'vitest';
import { down, up } from '../lab.ts';
import { beginnings } from './beginnings.ts';
import { drift } from './drift.ts';
import { failover } from './failover.ts';
import { INVENTORY } from './hosts.ts';
import { wholeness } from './wholeness.ts';

/**
 * The life of one deployment, in order, on hosts that are made for it: each part begins with what the one before left.
 * With OSHA_KEEP_LAB=1 the hosts stay up afterwards; with OSHA_REUSE_LAB=1 those that are up are taken as they are.
 */
beforeAll(async () => {
  await up({
    inventory: INVENTORY,
    replace: true,
    stage: 'baked',
    fresh: process.env['OSHA_REUSE_LAB'] !== '1',
  });
});

afterAll(async () => {
  if (process.env['OSHA_KEEP_LAB'] !== '1') await down({ lab: INVENTORY });
});

describe('from untouched hosts to a cluster', beginnings);
describe('a deployed cluster', wholeness);
describe('what somebody changed by hand', drift);
describe('a host that dies', failover);
