import { describe, expect, it } from 'vitest';
import {
  fernetKey,
  keyRepository,
  keyRotation,
  type RepositoryState,
} from '../../../playbooks/keystone/key-repository.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import { answersOf, holding, hosts, inShort, repository, unreachable } from './keys.ts';

type Said = Answer<RepositoryState>;
type Case = readonly [name: string, said: readonly Said[], changes: readonly string[]];

const DAY = 86_400_000;
const nothing = holding({});
const first = holding({ 0: 2, 1: 1 });
const second = holding({ 0: 3, 1: 1, 2: 2 });
const sixth = holding({ 0: 7, 4: 4, 5: 5, 6: 6 });

describe('the key of a number', () => {
  // By another program's HKDF: where this changed, every token and credential of a running cloud would be lost.
  const known: readonly (readonly [string, number, string])[] = [
    ['token', 1, '5RfHJ2-6ILzqKy9yK95qm5LmS3BBOlGcMgQ8fTxB9GI='],
    ['token', 2, '2ricMiuDScEc38v_HxgQvdtM1YyoHgh2OheR9WkD8F4='],
    ['credential', 1, 'MVw8KfCm0MoJ8DH71sQIc2MfGsaP1sXmQYv37jUDNms='],
  ];
  it.each(known)('of %s %d is always the same', (purpose, number, key) => {
    expect(fernetKey({ ...repository, purpose }, number).reveal()).toBe(key);
  });

  it('is 32 bytes in base64url, as Fernet wants it, and another one for each number', () => {
    const all = Array.from({ length: 50 }, (_, number) => fernetKey(repository, number).reveal());
    for (const key of all) expect(key).toMatch(/^[A-Za-z0-9_-]{43}=$/);
    expect(all.some((key) => /[_-]/.test(key))).toBe(true);
    expect(all.map((key) => Buffer.from(key, 'base64url').length)).toEqual(all.map(() => 32));
    expect(new Set(all).size).toBe(all.length);
  });

  it('is shown by the name of its seed', () => {
    expect(String(fernetKey(repository, 1))).toBe('<secret keystoneKeys>');
  });
});

describe('the same keys on every host', () => {
  const strange = { 0: 'a', 1: 'b' };
  const cases: readonly Case[] = [
    ['are made where no host has any', [nothing, nothing, nothing], ['c1: 1 0', 'c2: 1 0', 'c3: 1 0']],
    ['are left alone where all have them', [first, first, first], []],
    ['are left alone where all have those after many rotations', [sixth, sixth, sixth], []],
    ['are given to a host that lost them', [sixth, nothing, sixth], ['c2: 4 5 6 0']],
    ['are given to a host that is one rotation behind', [second, first, second], ['c2: 1 2 0']],
    [
      'are those of the host with the newest, also where it is the only one',
      [first, first, second],
      ['c1: 1 2 0', 'c2: 1 2 0'],
    ],
    [
      'take the place of keys that a package made',
      [holding(strange), holding(strange), first],
      ['c1: 1 0', 'c2: 1 0'],
    ],
    [
      'are not counted on from a strange key, however high its number',
      [first, holding({ 0: 2, 1: 1, 9: 'strange' }), first],
      ['c2: 1 0'],
    ],
    ['are placed again where one lacks', [first, holding({ 1: 1 }), first], ['c2: 1 0']],
    ['are placed again where another one is staged', [first, holding({ 0: 5, 1: 1 }), first], ['c2: 1 0']],
    [
      'are placed again where an old one is left',
      [sixth, holding({ 0: 7, 3: 3, 4: 4, 5: 5, 6: 6 }), sixth],
      ['c2: 4 5 6 0'],
    ],
    [
      'are placed again where somebody else owns them',
      [first, holding({ 0: 2, 1: 1 }, { access: 'root:root,600' }), first],
      ['c2: 1 0'],
    ],
    [
      'are placed again where others may read them',
      [first, holding({ 0: 2, 1: 1 }, { access: 'keystone:keystone,644' }), first],
      ['c2: 1 0'],
    ],
    ['are placed where they can be', [second, unreachable, first], ['c3: 1 2 0']],
    ['are left alone where those that answer have them', [first, unreachable, first], []],
    ['are left alone where nobody answers', [unreachable, unreachable, unreachable], []],
  ];
  const operation = keyRepository(hosts, repository);
  it.each(cases)('%s', (_name, said, changes) => {
    expect(inShort(operation.decide(answersOf(said)))).toEqual(changes);
  });

  it('go to all hosts that lack them at the same time, and the reason names those', () => {
    const decision = operation.decide(answersOf([nothing, second, first]));
    expect(decision).toMatchObject({
      because: 'keys up to number 2 are missing on c1, c3',
      stages: [[{ host: 'c1' }, { host: 'c3' }]],
    });
  });
});

describe('a new primary key', () => {
  const old = (files: Parameters<typeof holding>[0]): Said => holding(files, { ageSeconds: 2 * 86_400 });
  const aged = old({ 0: 3, 1: 1, 2: 2 });
  const cases: readonly Case[] = [
    ['waits while the present one is young', [second, second, second], []],
    [
      'is made on every host where the present one is old',
      [aged, aged, aged],
      ['c1: 1 2 3 0', 'c2: 1 2 3 0', 'c3: 1 2 3 0'],
    ],
    [
      'ends the oldest, where there are as many as are kept',
      [old({ 0: 7, 4: 4, 5: 5, 6: 6 })],
      ['c1: 5 6 7 0', 'c2: 5 6 7 0', 'c3: 5 6 7 0'],
    ],
    ['waits while one host got the present one only now', [aged, aged, second], []],
    ['waits while the last rotation was broken off', [old({ 0: 2, 1: 1 }), second, old({ 0: 2, 1: 1 })], []],
    [
      'is refused while a host could not get it',
      [aged, unreachable, aged],
      ['refused: no answer from c2, which would lack the new key'],
    ],
    ['is nothing to be refused while the present one is young', [second, unreachable, second], []],
    ['is not made where there is none yet', [nothing, nothing, nothing], []],
    ['is not made of keys that somebody else made', [old({ 0: 'a', 1: 'b' }), nothing, nothing], []],
    ['is not made where nobody answers', [unreachable, unreachable, unreachable], []],
  ];
  it.each(cases)('%s', (_name, said, changes) => {
    const all = said.length === 1 ? [...said, ...said, ...said] : said;
    expect(inShort(keyRotation(hosts, repository, DAY).decide(answersOf(all)))).toEqual(changes);
  });
});
