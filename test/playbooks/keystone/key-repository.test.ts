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

describe('key number N', () => {
  // Computed by another HKDF implementation. If these changed, every token and credential of a running cloud would be lost.
  const known: readonly (readonly [string, number, string])[] = [
    ['token', 1, '5RfHJ2-6ILzqKy9yK95qm5LmS3BBOlGcMgQ8fTxB9GI='],
    ['token', 2, '2ricMiuDScEc38v_HxgQvdtM1YyoHgh2OheR9WkD8F4='],
    ['credential', 1, 'MVw8KfCm0MoJ8DH71sQIc2MfGsaP1sXmQYv37jUDNms='],
  ];
  it.each(known)('for %s %d is always the same', (purpose, number, key) => {
    expect(fernetKey({ ...repository, purpose }, number).reveal()).toBe(key);
  });

  it('is 32 bytes in base64url, as Fernet requires, and differs for each number', () => {
    const all = Array.from({ length: 50 }, (_, number) => fernetKey(repository, number).reveal());
    for (const key of all) expect(key).toMatch(/^[A-Za-z0-9_-]{43}=$/);
    expect(all.some((key) => /[_-]/.test(key))).toBe(true);
    expect(all.map((key) => Buffer.from(key, 'base64url').length)).toEqual(all.map(() => 32));
    expect(new Set(all).size).toBe(all.length);
  });

  it('is masked with the name of its seed', () => {
    expect(String(fernetKey(repository, 1))).toBe('<secret keystoneKeys>');
  });
});

describe('the same keys on every host', () => {
  const strange = { 0: 'a', 1: 'b' };
  const cases: readonly Case[] = [
    ['are created if no host has any', [nothing, nothing, nothing], ['c1: 1 0', 'c2: 1 0', 'c3: 1 0']],
    ['are left alone if all hosts have them', [first, first, first], []],
    ['are left alone after many rotations', [sixth, sixth, sixth], []],
    ['are placed on a host that lost them', [sixth, nothing, sixth], ['c2: 4 5 6 0']],
    ['are placed on a host that is one rotation behind', [second, first, second], ['c2: 1 2 0']],
    [
      'are those of the host with the newest key, even if it is the only one',
      [first, first, second],
      ['c1: 1 2 0', 'c2: 1 2 0'],
    ],
    [
      'replace keys that a package created',
      [holding(strange), holding(strange), first],
      ['c1: 1 0', 'c2: 1 0'],
    ],
    [
      'ignore a foreign key, however high its number',
      [first, holding({ 0: 2, 1: 1, 9: 'strange' }), first],
      ['c2: 1 0'],
    ],
    ['are placed again if one is missing', [first, holding({ 1: 1 }), first], ['c2: 1 0']],
    ['are placed again if another key is staged', [first, holding({ 0: 5, 1: 1 }), first], ['c2: 1 0']],
    [
      'are placed again if an old key is left over',
      [sixth, holding({ 0: 7, 3: 3, 4: 4, 5: 5, 6: 6 }), sixth],
      ['c2: 4 5 6 0'],
    ],
    [
      'are placed again if another user owns them',
      [first, holding({ 0: 2, 1: 1 }, { access: 'root:root,600' }), first],
      ['c2: 1 0'],
    ],
    [
      'are placed again if others may read them',
      [first, holding({ 0: 2, 1: 1 }, { access: 'keystone:keystone,644' }), first],
      ['c2: 1 0'],
    ],
    ['are placed on reachable hosts', [second, unreachable, first], ['c3: 1 2 0']],
    ['are left alone if all reachable hosts have them', [first, unreachable, first], []],
    ['are left alone if no host answers', [unreachable, unreachable, unreachable], []],
  ];
  const operation = keyRepository(hosts, repository);
  it.each(cases)('%s', (_name, said, changes) => {
    expect(inShort(operation.decide(answersOf(said)))).toEqual(changes);
  });

  it('go to all hosts that lack them at once, and the reason names these hosts', () => {
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
    ['waits while the current one is young', [second, second, second], []],
    [
      'is promoted on every host when the current one is old',
      [aged, aged, aged],
      ['c1: 1 2 3 0', 'c2: 1 2 3 0', 'c3: 1 2 3 0'],
    ],
    [
      'drops the oldest at the maximum number of keys',
      [old({ 0: 7, 4: 4, 5: 5, 6: 6 })],
      ['c1: 5 6 7 0', 'c2: 5 6 7 0', 'c3: 5 6 7 0'],
    ],
    ['waits while one host got the current one only recently', [aged, aged, second], []],
    ['waits while the last rotation is incomplete', [old({ 0: 2, 1: 1 }), second, old({ 0: 2, 1: 1 })], []],
    [
      'is refused while a host is unreachable',
      [aged, unreachable, aged],
      ['refused: no answer from c2, which would lack the new key'],
    ],
    ['is not refused while the current one is young', [second, unreachable, second], []],
    ['is not promoted if there are no keys', [nothing, nothing, nothing], []],
    ['is not promoted from foreign keys', [old({ 0: 'a', 1: 'b' }), nothing, nothing], []],
    ['is not promoted if no host answers', [unreachable, unreachable, unreachable], []],
  ];
  it.each(cases)('%s', (_name, said, changes) => {
    const all = said.length === 1 ? [...said, ...said, ...said] : said;
    expect(inShort(keyRotation(hosts, repository, DAY).decide(answersOf(all)))).toEqual(changes);
  });
});
