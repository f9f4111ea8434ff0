import { describe } from 'vitest';
import { backups } from './backup/backups.ts';
import { restores } from './backup/restores.ts';
import { INVENTORY } from './core/hosts.ts';
import { deployedWithAClient } from './harm/client.ts';
import { hostsForAll } from './support/life.ts';

/** The database is backed up while a client writes to it, lost on every host, and restored. */
hostsForAll({ inventory: INVENTORY, replace: true, stage: 'baked' });

describe('a deployed cluster with a client', deployedWithAClient);
describe('a backup', backups);
describe('a restore', restores);
