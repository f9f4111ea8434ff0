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

/** The values on each host by secret name; `away`: unreachable. */
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
    title: 'nothing, on hosts with the values of the folder',
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
    title: 'each secret missing in the folder, with the hosts that have it',
    folder: { b: 'B' },
    on: { c1: { a: 'A', b: 'B' }, c2: { b: 'B' }, c3: { a: 'X', b: 'B' } },
    expected: { lacking: [{ secret: 'a', hosts: ['c1', 'c3'] }] },
  },
  {
    title: 'one on a single host, for a folder without a file',
    folder: {},
    on: { c1: {}, c2: {}, c3: { a: 'A' } },
    expected: { lacking: [{ secret: 'a', hosts: ['c3'] }] },
  },
  {
    title: 'an unknown secret, if it is missing in the folder and no host that may have it answers',
    folder: { b: 'B' },
    on: { c1: 'away', c2: 'away', c3: 'away' },
    expected: { unasked: [{ secret: 'a', hosts: all }] },
  },
  {
    title: 'nothing, in a first deployment with an unreachable host',
    folder: {},
    on: { c1: {}, c2: {}, c3: 'away' },
    expected: {},
  },
  {
    title: 'a different value that all hosts share',
    on: everywhere({ a: 'other', b: 'B' }),
    expected: { foreign: [{ secret: 'a', hosts: all }] },
  },
  {
    title: 'different values, even if the hosts differ from each other',
    on: { c1: { a: 'x' }, c2: { a: 'y' }, c3: { a: 'z' } },
    expected: { foreign: [{ secret: 'a', hosts: all }] },
  },
  {
    title: 'nothing for drift on one host of several',
    on: { c1: { a: 'A', b: 'B' }, c2: { a: 'drifted', b: 'B' }, c3: { a: 'A', b: 'B' } },
    expected: {},
  },
  {
    title: 'a different value that two hosts share, even if a third one has that of the folder',
    on: { c1: { a: 'other' }, c2: { a: 'other' }, c3: { a: 'A' } },
    expected: { foreign: [{ secret: 'a', hosts: ['c1', 'c2'] }] },
  },
  {
    title: 'nothing for a rotation that not all hosts have yet',
    on: { c1: { a: 'old', b: 'B' }, c2: { a: 'older', b: 'B' }, c3: { a: 'A', b: 'B' } },
    previous: { a: was('old', 'older') },
    expected: {},
  },
  {
    title: 'nothing for an intentional rotation of a value that the folder lacked',
    on: everywhere({ a: 'whatever', b: 'B' }),
    previous: { a: any },
    expected: {},
  },
  {
    title: 'such a rotation complete once all hosts have the new value',
    on: everywhere({ a: 'A', b: 'B' }),
    previous: { a: any },
    expected: { done: ['a'] },
  },
  {
    title: 'such a rotation incomplete while a host is unreachable',
    on: { c1: { a: 'A' }, c2: { a: 'A' }, c3: 'away' },
    previous: { a: any },
    expected: {},
  },
  {
    title: 'nothing for the only host that answers, if it differs in one secret and shares another',
    on: { c1: 'away', c2: { a: 'drifted', b: 'B' }, c3: 'away' },
    expected: {},
  },
  {
    title: 'the only host that answers, if it shares no secret with the folder',
    on: { c1: 'away', c2: { a: 'x', b: 'y' }, c3: 'away' },
    expected: {
      foreign: [
        { secret: 'a', hosts: ['c2'] },
        { secret: 'b', hosts: ['c2'] },
      ],
    },
  },
  {
    title: 'a different value on the only host that has the secret',
    on: { c1: { a: 'other', b: 'B' }, c2: { b: 'B' }, c3: { b: 'B' } },
    expected: { foreign: [{ secret: 'a', hosts: ['c1'] }] },
  },
  {
    title: 'nothing if a place holds the beginning of the secret',
    places: [place('a', { holds: (secret) => secret.reveal().slice(0, 2) }), place('b')],
    folder: { a: 'ABCD', b: 'B' },
    on: everywhere({ a: 'AB', b: 'B' }),
    expected: {},
  },
];

describe('the comparison of the secrets on hosts with those of the folder finds', () => {
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

it('secrets on the same hosts are listed together', () => {
  const words = secretsInWords([
    { secret: 'a', hosts: all },
    { secret: 'b', hosts: ['c1'] },
    { secret: 'c', hosts: all },
  ]);
  expect(words).toBe('a, c (c1, c2, c3); b (c1)');
});
