import { expect, it } from 'vitest';
import { differences, differencesTable, type Verified } from '../../src/backup/differences.ts';
import { verifiedIn } from '../../src/backup/restore.ts';

const WANTED = new Map([
  ['shop.orders', 7],
  ['shop.users', 2],
]);

type Case = readonly [name: string, said: Readonly<Record<string, string>>, rows: readonly string[]];

const RIGHT = 'table\tshop.orders\t7\ntable\tshop.users\t2\n';

const cases: readonly Case[] = [
  ['every member has what the backup has', { c1: RIGHT, c2: RIGHT }, []],
  ['one has another number of rows', { c1: RIGHT, c2: RIGHT.replace('7', '8') }, ['shop.orders 7 7 8']],
  ['one lacks a table', { c1: RIGHT, c2: 'table\tshop.users\t2\n' }, ['shop.orders 7 7 missing']],
  ['one says nothing', { c1: RIGHT, c2: '' }, ['shop.orders 7 7 missing', 'shop.users 2 2 missing']],
  [
    'both have one more',
    { c1: `${RIGHT}table\ta.b\t0\n`, c2: `${RIGHT}table\ta.b\t0\n` },
    ['a.b missing 0 0'],
  ],
  [
    'a table is damaged',
    { c1: RIGHT, c2: `${RIGHT}damaged\tshop.users\terror: Corrupt\n` },
    ['shop.users 2 2 error: Corrupt'],
  ],
];

it.each(cases)('%s', (_, said, rows) => {
  const found = new Map(
    Object.entries(said).map(([member, text]): [string, Verified] => [member, verifiedIn(text)]),
  );
  const table = differencesTable(differences(WANTED, found), ['c1', 'c2']);
  expect(table.rows.map((cells) => cells.join(' '))).toEqual(rows);
});
