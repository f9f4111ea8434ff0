import { describe } from 'vitest';
import { INVENTORY } from './core/hosts.ts';
import { deployedWithAClient, nothingLost } from './harm/client.ts';
import { interlock } from './life/interlock.ts';
import { membership } from './life/membership.ts';
import { savedPlans } from './life/saved-plan.ts';
import { hostsForAll } from './support/life.ts';

/** Hosts that come and go: what osha says before one is stopped, and how one is replaced. */
hostsForAll({ inventory: INVENTORY, replace: true, stage: 'baked' });

describe('a deployed cluster with a client', deployedWithAClient);
describe('the interlock', interlock);
describe('a saved plan', savedPlans);
describe('a host that is gone for good', membership);
describe('after all of this', nothingLost);
