import { describe, expect, it } from 'vitest';
import type { CarriedSecret } from '../../src/playbook/carried-secret.ts';
import type { Answer } from '../../src/playbook/operation.ts';
import { checksums, type FoundSecret } from '../../src/preflight/carried.ts';
import { foreignSecrets, secretsInWords, type ForeignSecrets } from '../../src/preflight/foreign-secrets.ts';
import type { Previous } from '../../src/secrets/previous.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { aHost } from '../support/inventory.ts';

const hosts = ['c1', 'c2', 'c3'].map((name) => aHost(name));
const place = (secret: string, more: Partial<CarriedSecret> = {}): CarriedSecret => ({
  secret,
  hosts,
  path: `/${secret}`,
  where: { in: 'file' },
  ...more,
});

/** What each host has by the secret's name; `away`: it cannot be asked. */
type OnHosts = Readonly<Record<string, Readonly<Record<string, string>> | 'away'>>;

interface Case {
  readonly title: string;
  readonly on: OnHosts;
  /** Default: a, b. */
  readonly folder?: Readonly<Record<string, string>>;
  readonly previous?: Readonly<Record<string, Previous>>;
  readonly places?: readonly CarriedSecret[];
  readonly expected: Partial<ForeignSecrets>;
}

const everywhere = (what: Readonly<Record<string, string>>): OnHosts => ({ c1: what, c2: what, c3: what });
const all = ['c1', 'c2', 'c3'];
const was = (...values: readonly string[]): Previous => ({
  values: values.map((value) => new Secret('previous', value)),
  any: false,
});
const any: Previous = { values: [], any: true };

const cases: readonly Case[] = [
  { title: 'nothing, on hosts that were never deployed', on: everywhere({}), expected: {} },
  {
    title: 'nothing, on hosts that have what the folder has',
    on: everywhere({ a: 'A', b: 'B' }),
    expected: {},
  },
  {
    title: 'nothing, without a file, on hosts that were never deployed',
    folder: {},
    on: everywhere({}),
    expected: {},
  },
  {
    title: 'each that the folder lacks, with the hosts that carry it',
    folder: { b: 'B' },
    on: { c1: { a: 'A', b: 'B' }, c2: { b: 'B' }, c3: { a: 'X', b: 'B' } },
    expected: { lacking: [{ secret: 'a', hosts: ['c1', 'c3'] }] },
  },
  {
    title: 'one that a single host still carries, of a folder without a file',
    folder: {},
    on: { c1: {}, c2: {}, c3: { a: 'A' } },
    expected: { lacking: [{ secret: 'a', hosts: ['c3'] }] },
  },
  {
    title: 'that it cannot know, where no host answers that could carry what the folder lacks',
    folder: { b: 'B' },
    on: { c1: 'away', c2: 'away', c3: 'away' },
    expected: { unasked: [{ secret: 'a', hosts: all }] },
  },
  {
    title: 'nothing, at a first deployment with a host away',
    folder: {},
    on: { c1: {}, c2: {}, c3: 'away' },
    expected: {},
  },
  {
    title: 'another one than the folder’s, which all hosts share',
    on: everywhere({ a: 'other', b: 'B' }),
    expected: { foreign: [{ secret: 'a', hosts: all }] },
  },
  {
    title: 'others than the folder’s, also where the hosts differ among each other',
    on: { c1: { a: 'x' }, c2: { a: 'y' }, c3: { a: 'z' } },
    expected: { foreign: [{ secret: 'a', hosts: all }] },
  },
  {
    title: 'nothing for drift on one host of several',
    on: { c1: { a: 'A', b: 'B' }, c2: { a: 'drifted', b: 'B' }, c3: { a: 'A', b: 'B' } },
    expected: {},
  },
  {
    title: 'what two hosts share against the folder, though a third one was deployed from it',
    on: { c1: { a: 'other' }, c2: { a: 'other' }, c3: { a: 'A' } },
    expected: { foreign: [{ secret: 'a', hosts: ['c1', 'c2'] }] },
  },
  {
    title: 'nothing for a rotation that no host, or not every host has yet',
    on: { c1: { a: 'old', b: 'B' }, c2: { a: 'older', b: 'B' }, c3: { a: 'A', b: 'B' } },
    previous: { a: was('old', 'older') },
    expected: {},
  },
  {
    title: 'nothing for a rotation on purpose of what the folder lacked',
    on: everywhere({ a: 'whatever', b: 'B' }),
    previous: { a: any },
    expected: {},
  },
  {
    title: 'that such a rotation is over once every host has the new one',
    on: everywhere({ a: 'A', b: 'B' }),
    previous: { a: any },
    expected: { done: ['a'] },
  },
  {
    title: 'that such a rotation is not over while a host is away',
    on: { c1: { a: 'A' }, c2: { a: 'A' }, c3: 'away' },
    previous: { a: any },
    expected: {},
  },
  {
    title: 'nothing for one host asked alone that differs in one secret and is familiar otherwise',
    on: { c1: 'away', c2: { a: 'drifted', b: 'B' }, c3: 'away' },
    expected: {},
  },
  {
    title: 'one host asked alone that has nothing of the folder',
    on: { c1: 'away', c2: { a: 'x', b: 'y' }, c3: 'away' },
    expected: {
      foreign: [
        { secret: 'a', hosts: ['c2'] },
        { secret: 'b', hosts: ['c2'] },
      ],
    },
  },
  {
    title: 'the only host that carries one, with another one',
    on: { c1: { a: 'other', b: 'B' }, c2: { b: 'B' }, c3: { b: 'B' } },
    expected: { foreign: [{ secret: 'a', hosts: ['c1'] }] },
  },
  {
    title: 'nothing where a place holds the beginning of the folder’s secret',
    places: [place('a', { holds: (secret) => secret.reveal().slice(0, 2) }), place('b')],
    folder: { a: 'ABCD', b: 'B' },
    on: everywhere({ a: 'AB', b: 'B' }),
    expected: {},
  },
];

describe('a deployment that compares the secrets of the hosts with its folder finds', () => {
  it.each(cases)('$title', ({ on, folder = { a: 'A', b: 'B' }, previous = {}, places, expected }) => {
    const declared = places ?? [place('a'), place('b')];
    const sums = checksums();
    const answers = new Map<string, Answer<readonly FoundSecret[]>>(
      Object.entries(on).map(([host, what]): [string, Answer<readonly FoundSecret[]>] => {
        if (what === 'away') return [host, { reachable: false, reason: 'no route' }];
        const observed = declared.flatMap((one): readonly FoundSecret[] => {
          const value = what[one.secret];
          const raw = { ...one, holds: undefined };
          return value === undefined ? [] : [{ place: one, found: sums.of(raw, new Secret('x', value)) }];
        });
        return [host, { reachable: true, observed }];
      }),
    );
    const found = foreignSecrets(
      declared,
      answers,
      {
        secrets: Object.fromEntries(
          Object.entries(folder).map(([name, value]) => [name, new Secret(name, value)]),
        ),
        missing: ['a', 'b'].filter((name) => !(name in folder)),
        previous,
      },
      sums,
    );
    expect(found).toEqual({ lacking: [], unasked: [], foreign: [], done: [], ...expected });
  });
});

it('secrets on the same hosts are told together', () => {
  const told = secretsInWords([
    { secret: 'a', hosts: all },
    { secret: 'b', hosts: ['c1'] },
    { secret: 'c', hosts: all },
  ]);
  expect(told).toBe('a, c (c1, c2, c3); b (c1)');
});
