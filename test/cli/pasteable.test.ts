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
  expect(pasteable({ hint: text }, 'my prod.yaml').hint).toBe(expected);
});

it('a command in a hint names the user’s inventory, quoted where a shell needs it', () => {
  const event = { host: 'a', failure: { message: 'no', hint: 'see: osha status INVENTORY --only galera' } };
  expect(pasteable(event, 'prod/inventory.yaml').failure.hint).toBe(
    'see: osha status prod/inventory.yaml --only galera',
  );
  expect(pasteable(event, "it's mine.yaml").failure.hint).toBe(
    `see: osha status 'it'\\''s mine.yaml' --only galera`,
  );
  expect(pasteable({ hint: 'osha secrets rotate INVENTORY a' }, 'b.yaml').hint).toBe(
    'osha secrets rotate b.yaml a',
  );
});

it('the output of hosts and the content of files are not changed', () => {
  const event = {
    event: 'change',
    diff: { before: '', after: '# osha deploy INVENTORY' },
    line: 'osha deploy INVENTORY',
    lines: ['osha deploy INVENTORY'],
  };
  expect(pasteable(event, 'b.yaml')).toEqual(event);
});
