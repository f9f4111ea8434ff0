import { expect, it } from 'vitest';
import { pasteable } from '../../src/cli/pasteable.ts';

it.each([
  [
    'bring c3 back, or: osha deploy INVENTORY --bootstrap-from c1',
    "bring c3 back, or: osha deploy 'my prod.yaml' --bootstrap-from c1",
  ],
  ['see: osha smoke --clean INVENTORY', "see: osha smoke --clean 'my prod.yaml'"],
  [
    'osha status INVENTORY says it; osha check INVENTORY too',
    "osha status 'my prod.yaml' says it; osha check 'my prod.yaml' too",
  ],
  ['the file INVENTORY of another program', 'the file INVENTORY of another program'],
  ['osha found INVENTORY.txt', 'osha found INVENTORY.txt'],
])('the commands in "%s" name the inventory of the user', (text, expected) => {
  expect(pasteable('my prod.yaml')(text)).toBe(expected);
});
