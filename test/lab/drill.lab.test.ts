import { describe } from 'vitest';
import { INVENTORY } from './core/hosts.ts';
import { deployed, drills } from './drill/drills.ts';
import { hostsForAll } from './support/life.ts';

/** Hosts that are taken away on purpose, by osha itself. */
hostsForAll({ inventory: INVENTORY, replace: true, stage: 'baked' });

describe('a deployed cluster', deployed);
describe('an availability test', drills);
