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
  readonly result: Partial<AdoptedSecret>;
  readonly value?: string | RegExp;
  readonly remembered?: readonly (string | RegExp)[] | 'any';
}

const cases: readonly Case[] = [
  {
    title: 'reads back what all hosts have',
    found: [on('c1', A), on('c2', A)],
    result: { outcome: 'adopted', hosts: ['c1', 'c2'] },
    value: A,
  },
  { title: 'generates nothing if no host has it', found: [], result: { outcome: 'absent', hosts: [] } },
  {
    title: 'refuses if hosts differ',
    found: [on('c1', A), on('c2', B), on('c3', A)],
    result: { outcome: 'disagree', hosts: ['c1', 'c3'], others: ['c2'] },
  },
  {
    title: 'refuses if a host has two values',
    found: [on('c1', A), on('c1', B, { ...whole, path: '/other' })],
    result: { outcome: 'disagree', hosts: [], others: ['c1'] },
  },
  {
    title: 'keeps a value that the hosts have too',
    found: [on('c1', A)],
    has: A,
    result: { outcome: 'same' },
  },
  {
    title: 'leaves drift on one host to the next deployment',
    found: [on('c1', A), on('c2', B), on('c3', A)],
    has: A,
    result: { outcome: 'same', others: ['c2'] },
  },
  {
    title: 'does not replace a different value by default',
    found: [on('c1', A), on('c2', A)],
    has: B,
    result: { outcome: 'differs', others: ['c1', 'c2'] },
  },
  {
    title: 'replaces a different value with --replace',
    found: [on('c1', A), on('c2', A)],
    has: B,
    say: 'replace',
    result: { outcome: 'adopted' },
    value: A,
  },
  {
    title: 'keeps a different value with --keep, and remembers all values of the hosts',
    found: [on('c1', A), on('c2', C), on('c3', B)],
    has: B,
    say: 'keep',
    result: { outcome: 'kept', hosts: ['c1', 'c2'] },
    remembered: [A, C],
  },
  {
    title: 'keeps a rotated value that is not deployed yet',
    found: [on('c1', A), on('c2', A)],
    has: B,
    had: { values: [new Secret('s', A)], any: false },
    result: { outcome: 'kept' },
  },
  {
    title: 'completes the beginning of a secret',
    found: [on('c1', A.slice(0, 8), beginning), on('c2', A.slice(0, 8), beginning)],
    result: { outcome: 'adopted' },
    value: new RegExp(`^${A.slice(0, 8)}[A-Za-z0-9]{24}$`),
  },
  {
    title: 'prefers a whole secret to its beginning',
    found: [on('c1', A.slice(0, 8), beginning), on('c2', A)],
    result: { outcome: 'adopted' },
    value: A,
  },
  {
    title: 'keeps a different value with --keep, and remembers a secret with the beginning on the hosts',
    found: [on('c1', A.slice(0, 8), beginning)],
    has: B,
    say: 'keep',
    result: { outcome: 'kept' },
    remembered: [new RegExp(`^${A.slice(0, 8)}[A-Za-z0-9]{24}$`)],
  },
  {
    title: 'reports that a secret of which hosts have only a hash cannot be read back',
    found: [on('c1', `follows from ${A}`, witness)],
    result: { outcome: 'unreadable', hosts: ['c1'] },
  },
  {
    title: 'recognises the value of the folder by its hash',
    found: [on('c1', `follows from ${A}`, witness)],
    has: A,
    result: { outcome: 'same' },
  },
  {
    title: 'keeps a different value with --keep, and remembers that any former value may be on the hosts',
    found: [on('c1', `follows from ${A}`, witness)],
    has: B,
    say: 'keep',
    result: { outcome: 'kept' },
    remembered: 'any',
  },
  {
    title: 'refuses a recorded value that does not match the one in use',
    found: [on('c1', B), on('c1', `follows from ${A}`, witness)],
    result: { outcome: 'disagree', others: ['c1'] },
  },
  {
    title: 'does not adopt a value that violates the rules',
    found: [on('c1', 'hunter2')],
    result: { outcome: 'unfit', why: 's has 7 characters, fewer than 16' },
  },
  {
    title: 'cancels a rotation of any former value',
    found: [on('c1', A)],
    had: any,
    result: { outcome: 'adopted' },
    value: A,
    remembered: [],
  },
];

describe('adopting a secret', () => {
  it.each(cases)('$title', ({ found, has, had, say = 'refuse', result, value, remembered }) => {
    const { secrets, values, previous } = adoptionOf(
      new Map(found.length > 0 ? [['s', found]] : []),
      { secrets: has === undefined ? {} : { s: new Secret('s', has) }, previous: had ? { s: had } : {} },
      { s: token('of a test') },
      say,
    );
    expect(secrets).toEqual([expect.objectContaining({ secret: 's', ...result })]);
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
