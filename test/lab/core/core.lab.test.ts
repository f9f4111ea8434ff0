import { describe } from 'vitest';
import { hostsForAll } from '../support/life.ts';
import { beginnings } from './beginnings.ts';
import { drift } from './drift.ts';
import { failover } from './failover.ts';
import { INVENTORY } from './hosts.ts';
import { wholeness } from './wholeness.ts';

/** The life of one deployment, in order, on hosts that are made for it: each part begins with what the one before left. */
hostsForAll({ inventory: INVENTORY, replace: true, stage: 'baked' });

describe('from untouched hosts to a cluster', beginnings);
describe('a deployed cluster', wholeness);
describe('what somebody changed by hand', drift);
describe('a host that dies', failover);
