import { describe } from 'vitest';
import { hostsForAll } from './support/life.ts';
import { INVENTORY } from './core/hosts.ts';
import { deployedWithAClient, nothingLost } from './harm/client.ts';
import { databaseThatRefuses } from './harm/database-that-refuses.ts';
import { formerHolder } from './harm/former-holder.ts';
import { lostMember } from './harm/lost-member.ts';
import { movedData } from './harm/moved-data.ts';
import { otherName } from './harm/other-name.ts';
import { proxyInTheEnvironment } from './harm/proxy.ts';
import { secretsThatAreNotHere } from './harm/secrets.ts';

/**
 * Mistakes and failures on a running deployment: osha must not stop a serving member or lose acknowledged data, and must
 * report the problem with a remedy.
 */
hostsForAll({ inventory: INVENTORY, replace: true, stage: 'baked' });

describe('a deployed cluster with a client', deployedWithAClient);
describe('a proxy in the environment of sudo', proxyInTheEnvironment);
describe('a deployment that was renamed', otherName);
describe('a folder without the secrets of the deployment', secretsThatAreNotHere);
describe("a database that rejects osha's login", databaseThatRefuses);
describe('a holder of virtual IPs that left the inventory', formerHolder);
describe('a data directory that was moved to another disk', movedData);
describe('a database that lost a member permanently', lostMember);
describe('after all of this', nothingLost);
