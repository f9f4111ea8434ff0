import { describe } from 'vitest';
import { hostsForAll } from '../support/life.ts';
import { beginnings } from './beginnings.ts';
import { drift } from './drift.ts';
import { failover } from './failover.ts';
import { INVENTORY } from './hosts.ts';
import { wholeness } from './wholeness.ts';

/** The life of one deployment on its own hosts, in order: each part continues from the previous one. */
hostsForAll({ inventory: INVENTORY, replace: true, stage: 'baked' });

describe('deploying a cluster on fresh hosts', beginnings);
describe('a deployed cluster', wholeness);
describe('manual changes', drift);
describe('a host that dies', failover);
