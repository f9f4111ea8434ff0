import { describe } from 'vitest';
import { INVENTORY } from './core/hosts.ts';
import { deployedWithAClient, nothingLost } from './harm/client.ts';
import { interlock } from './life/interlock.ts';
import { hostsForAll } from './support/life.ts';

/** Hosts that come and go: what osha says before one is stopped. */
hostsForAll({ inventory: INVENTORY, replace: true, stage: 'baked' });

describe('a deployed cluster with a client', deployedWithAClient);
describe('the interlock', interlock);
describe('after all of this', nothingLost);
