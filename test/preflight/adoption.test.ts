import { describe, expect, it } from 'vitest';
import type { CarriedSecret } from '../../src/playbook/carried-secret.ts';
import { adoptionOf, type AdoptedSecret, type OnDifference } from '../../src/preflight/adoption.ts';
import type { HostSecret } from '../../src/preflight/carried.ts';
import type { Previous } from '../../src/secrets/previous.ts';
import { token } from '../../src/secrets/rule.ts';
import { Secret } from '../../src/secrets/secret.ts';

const A = 'Xk39fLq0ZmW7tRb2';
const B = 'nV84hTc1QyUe6sDj';
const C = 'pQ62rMz9KwYd3vGs';

const whole: CarriedSecret = { secret: 's', hosts: [], path: '/s', where: { in: 'file' } };
const beginning: CarriedSecret = {
  ...whole,
  path: '/begin',
  holds: (secret) => secret.reveal().slice(0, 8),
  restores: 'beginning',
};
const witness: CarriedSecret = {
  ...whole,
  path: '/witness',
  holds: (secret) => `follows from ${secret.reveal()}`,
  restores: 'nothing',
};
const on = (host: string, found: string, place = whole): HostSecret => ({ host, place, found });
const any: Previous = { values: [], any: true };

interface Case {
  readonly title: string;
  readonly found: readonly HostSecret[];
  readonly has?: string;
  readonly had?: Previous;
  readonly say?: OnDifference;
  readonly told: Partial<AdoptedSecret>;
  readonly value?: string | RegExp;
  readonly remembered?: readonly (string | RegExp)[] | 'any';
}

const cases: readonly Case[] = [
  {
    title: 'reads back what all hosts have',
    found: [on('c1', A), on('c2', A)],
    told: { outcome: 'adopted', hosts: ['c1', 'c2'] },
    value: A,
  },
  { title: 'makes nothing up for what no host has', found: [], told: { outcome: 'absent', hosts: [] } },
  {
    title: 'refuses where hosts have different ones',
    found: [on('c1', A), on('c2', B), on('c3', A)],
    told: { outcome: 'disagree', hosts: ['c1', 'c3'], others: ['c2'] },
  },
  {
    title: 'refuses where a host has two',
    found: [on('c1', A), on('c1', B, { ...whole, path: '/other' })],
    told: { outcome: 'disagree', hosts: [], others: ['c1'] },
  },
  { title: 'leaves what is here as it is there', found: [on('c1', A)], has: A, told: { outcome: 'same' } },
  {
    title: 'leaves drift on one host to the next deployment',
    found: [on('c1', A), on('c2', B), on('c3', A)],
    has: A,
    told: { outcome: 'same', others: ['c2'] },
  },
  {
    title: 'never replaces another one without being told to',
    found: [on('c1', A), on('c2', A)],
    has: B,
    told: { outcome: 'differs', others: ['c1', 'c2'] },
  },
  {
    title: 'replaces another one when it is told to',
    found: [on('c1', A), on('c2', A)],
    has: B,
    say: 'replace',
    told: { outcome: 'adopted' },
    value: A,
  },
  {
    title: 'keeps another one when it is told to, and remembers every one of the hosts',
    found: [on('c1', A), on('c2', C), on('c3', B)],
    has: B,
    say: 'keep',
    told: { outcome: 'kept', hosts: ['c1', 'c2'] },
    remembered: [A, C],
  },
  {
    title: 'leaves a rotation alone that was not deployed yet',
    found: [on('c1', A), on('c2', A)],
    has: B,
    had: { values: [new Secret('s', A)], any: false },
    told: { outcome: 'kept' },
  },
  {
    title: 'completes a beginning to a whole secret',
    found: [on('c1', A.slice(0, 8), beginning), on('c2', A.slice(0, 8), beginning)],
    told: { outcome: 'adopted' },
    value: new RegExp(`^${A.slice(0, 8)}[A-Za-z0-9]{24}$`),
  },
  {
    title: 'takes a whole secret over its beginning',
    found: [on('c1', A.slice(0, 8), beginning), on('c2', A)],
    told: { outcome: 'adopted' },
    value: A,
  },
  {
    title: 'keeps another one over a beginning, and remembers one that begins so',
    found: [on('c1', A.slice(0, 8), beginning)],
    has: B,
    say: 'keep',
    told: { outcome: 'kept' },
    remembered: [new RegExp(`^${A.slice(0, 8)}[A-Za-z0-9]{24}$`)],
  },
  {
    title: 'says of what hosts have only a trace that it cannot be read back',
    found: [on('c1', `follows from ${A}`, witness)],
    told: { outcome: 'unreadable', hosts: ['c1'] },
  },
  {
    title: 'recognises by a trace what is here',
    found: [on('c1', `follows from ${A}`, witness)],
    has: A,
    told: { outcome: 'same' },
  },
  {
    title: 'keeps another one over a trace, whatever that was',
    found: [on('c1', `follows from ${A}`, witness)],
    has: B,
    say: 'keep',
    told: { outcome: 'kept' },
    remembered: 'any',
  },
  {
    title: 'refuses a record that is not what is in use',
    found: [on('c1', B), on('c1', `follows from ${A}`, witness)],
    told: { outcome: 'disagree', others: ['c1'] },
  },
  {
    title: 'does not take over what it would refuse afterwards',
    found: [on('c1', 'hunter2')],
    told: { outcome: 'unfit', why: 's has 7 characters, fewer than 16' },
  },
  {
    title: 'ends a rotation of whatever the hosts have',
    found: [on('c1', A)],
    had: any,
    told: { outcome: 'adopted' },
    value: A,
    remembered: [],
  },
];

describe('adopting a secret', () => {
  it.each(cases)('$title', ({ found, has, had, say = 'refuse', told, value, remembered }) => {
    const { secrets, values, previous } = adoptionOf(
      new Map(found.length > 0 ? [['s', found]] : []),
      { secrets: has === undefined ? {} : { s: new Secret('s', has) }, previous: had ? { s: had } : {} },
      { s: token('of a test') },
      say,
    );
    expect(secrets).toEqual([expect.objectContaining({ secret: 's', ...told })]);
    expect(JSON.stringify(secrets)).not.toContain(A);
    if (value === undefined) expect(values).toEqual({});
    else if (typeof value === 'string') expect(values['s']?.reveal()).toBe(value);
    else expect(values['s']?.reveal()).toMatch(value);
    const kept = previous['s'];
    if (remembered === undefined) expect(kept).toBeUndefined();
    else if (remembered === 'any') expect(kept).toEqual(any);
    else {
      expect(kept?.any).toBe(false);
      expect(kept?.values.map((one) => one.reveal())).toEqual(
        remembered.map((one): unknown => (typeof one === 'string' ? one : expect.stringMatching(one))),
      );
    }
  });
});
