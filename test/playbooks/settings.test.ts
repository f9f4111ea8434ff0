import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { playbooks } from '../../playbooks/index.ts';
import { settingsOf } from '../../playbooks/pacemaker/settings.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { platformIds } from '../../src/platform/index.ts';

const FOLDER = join(import.meta.dirname, '../../inventory');
const INVENTORIES = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml') && file !== 'secrets.yaml');

it.each(INVENTORIES)('what %s says is the same when its owners read it again', (file) => {
  const { inventory } = loadInventory(join(FOLDER, file), { playbooks, platforms: platformIds });
  for (const { name, settings } of playbooks) {
    expect([name, settings.parse(inventory?.settings[name])]).toEqual([name, inventory?.settings[name]]);
  }
});

it('constraints and options of Pacemaker are the same when they are read again', () => {
  const pacemaker = playbooks.find(({ name }) => name === 'pacemaker');
  const read: unknown = pacemaker?.settings.parse({
    properties: { 'batch-limit': 30 },
    constraints: [
      { colocate: 'a', with: 'b', score: 50 },
      { location: 'a', host: 'c1', score: '-INFINITY' },
    ],
  });
  expect(settingsOf({ settings: { pacemaker: read } })).toEqual(read);
});
