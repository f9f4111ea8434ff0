import { describe } from 'vitest';
import { deployedWithAClient, nothingLost } from './harm/client.ts';
import { labOfFour } from './life/four-hosts.ts';
import { hostVerbs } from './life/host-verbs.ts';
import { interlock } from './life/interlock.ts';
import { maintenance } from './life/maintenance.ts';
import { membership } from './life/membership.ts';
import { savedPlans } from './life/saved-plan.ts';
import { upgrades } from './life/upgrade.ts';
import { hostsForAll } from './support/life.ts';

/** Hosts that come and go: what osha says before one is stopped, and how one is replaced. */
hostsForAll({ inventory: labOfFour(), replace: true, stage: 'baked' });

describe('a deployed cluster with a client', deployedWithAClient);
describe('the interlock', interlock);
describe('maintenance', maintenance);
describe('an upgrade of packages', upgrades);
describe('hosts that are added, removed and replaced', hostVerbs);
describe('a saved plan', savedPlans);
describe('a host that is gone for good', membership);
describe('after all of this', nothingLost);
