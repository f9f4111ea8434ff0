import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderForAll } from '../support/temporary-folder.ts';
import { readInventory } from './inventory.ts';

const folder = folderForAll();

function reading(rest: string): ReturnType<typeof readInventory> {
  const file = join(folder, 'inventory.yaml');
  writeFileSync(file, `name: demo\nhosts:\n  controller1: { address: 10.1.0.11 }\n${rest}`);
  return readInventory(file);
}

it.each([
  ['has all services', 'openstack: { services: all }', true],
  ['has one service', 'openstack: { services: [identity] }', true],
  ['has no services', 'openstack: { services: [] }', false],
  ['only sets a region', 'openstack: { region: Here }', false],
  ['has no openstack key', '', false],
])('knows whether hosts need the packages of OpenStack: an inventory that %s', (_, rest, needed) => {
  expect(reading(rest).openstack).toBe(needed);
});
