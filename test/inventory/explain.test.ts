import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkInventory } from '../../src/inventory/load.ts';
import type { SettingsSection } from '../../src/inventory/sections.ts';

/** What is said about `value` as the settings of a playbook with this schema. */
function told(settings: z.ZodType, value: unknown): readonly string[] {
  const section: SettingsSection = {
    name: 'own',
    title: 'Own',
    settings,
    hosts: (inventory) => inventory.hosts,
  };
  const yaml = JSON.stringify({ name: 'a', hosts: {}, own: value });
  const { problems } = checkInventory('i.yaml', yaml, { playbooks: [section], platforms: [] });
  return problems
    .filter((found) => found.message !== 'there are no hosts')
    .map((found) => (found.hint === undefined ? found.message : `${found.message}; ${found.hint}`));
}

const size = z.string().regex(/^\d+M$/, 'a size such as 512M');

describe('a mistake found by a schema', () => {
  const cases: readonly (readonly [
    title: string,
    schema: z.ZodType,
    value: unknown,
    expected: readonly string[],
  ])[] = [
    [
      'a text for a number',
      z.strictObject({ n: z.number() }),
      { n: 'ten' },
      ['n: expected a number, found "ten"'],
    ],
    [
      'a quoted number',
      z.strictObject({ n: z.int() }),
      { n: '10' },
      ['n: expected a number, found "10"; write 10 without quotes'],
    ],
    ['a fraction', z.strictObject({ n: z.int() }), { n: 1.5 }, ['n: expected a whole number, found 1.5']],
    [
      'a number for a text',
      z.strictObject({ s: z.string() }),
      { s: 5 },
      ['s: expected a text, found 5; write it in quotes: "5"'],
    ],
    [
      'nothing',
      z.strictObject({ s: z.string() }),
      { s: null },
      ['s: expected a text, found nothing; write a value after the ":"'],
    ],
    ['too small', z.strictObject({ n: z.number().min(3) }), { n: 2 }, ['n: expected at least 3, found 2']],
    [
      'too long',
      z.strictObject({ s: z.string().max(3) }),
      { s: 'four' },
      ['s: expected at most 3 characters, found "four"'],
    ],
    [
      'too many',
      z.strictObject({ l: z.array(z.int()).max(1) }),
      { l: [1, 2] },
      ['l: expected at most 1 entries, found a list'],
    ],
    [
      'not less than',
      z.strictObject({ n: z.number().lt(1) }),
      { n: 1 },
      ['n: expected less than 1, found 1'],
    ],
    [
      'no multiple',
      z.strictObject({ n: z.number().multipleOf(5) }),
      { n: 7 },
      ['n: expected a multiple of 5, found 7'],
    ],
    ['a literal', z.strictObject({ s: z.literal('x') }).partial(), { s: 'y' }, ['s: expected x, found "y"']],
    [
      'a value far from all',
      z.strictObject({ s: z.enum(['single', 'all']) }).partial(),
      { s: 'xyz' },
      ['s: unknown value "xyz"; write one of single, all'],
    ],
    [
      'a missing key',
      z.strictObject({ s: z.string().meta({ description: 'where' }) }),
      {},
      ['"s" is missing; add "s: ..." (where)'],
    ],
    [
      'a key of a nested map',
      z.strictObject({ a: z.strictObject({ deep: z.int().optional() }).prefault({}) }),
      { a: { depe: 1 } },
      ['unknown key "depe"; did you mean "deep"?'],
    ],
    [
      'a key in a record',
      z.strictObject({ r: z.record(z.string(), z.strictObject({ weight: z.int().optional() })) }).partial(),
      { r: { x: { wieght: 1 } } },
      ['unknown key "wieght"; did you mean "weight"?'],
    ],
    [
      'a name in a record',
      z.strictObject({ r: z.record(z.string().regex(/^[a-z]+$/, 'expected letters'), z.int()) }).partial(),
      { r: { '1': 1 } },
      ['1: expected letters'],
    ],
    [
      "the author's words for what to write",
      z.strictObject({ s: size }).partial(),
      { s: 'big' },
      ['s: "big" does not fit; write a size such as 512M'],
    ],
    [
      "the author's words, and no value",
      z.strictObject({ s: z.string({ error: 'a size' }) }).partial(),
      { s: null },
      ['"s" has no value; write a size'],
    ],
    [
      "the author's words for what is wrong",
      z.strictObject({ s: z.string().refine(() => false, 'too old') }).partial(),
      { s: 'x' },
      ['s: too old'],
    ],
    [
      'a union of types',
      z.strictObject({ u: z.union([z.string(), z.array(z.string())]) }).partial(),
      { u: 5 },
      ['u: expected a text or a list, found 5'],
    ],
    [
      'a union, within the shape that was meant',
      z.strictObject({ u: z.union([z.string(), z.array(z.string())]) }).partial(),
      { u: ['a', 5] },
      ['u: expected a text, found 5; write it in quotes: "5"'],
    ],
    [
      'a union of unions',
      z.strictObject({ u: z.union([z.union([z.int(), z.boolean()]), z.array(z.int())]) }).partial(),
      { u: 'x' },
      ['u: expected a number or true or false or a list, found "x"'],
    ],
    [
      'an unknown key in one of several shapes',
      z
        .strictObject({
          u: z.union([z.string(), z.strictObject({ weight: z.int().optional(), name: z.string() })]),
        })
        .partial(),
      { u: { wieght: 1, name: 5 } },
      [
        'unknown key "wieght"; did you mean "weight"?',
        'name: expected a text, found 5; write it in quotes: "5"',
      ],
    ],
    [
      'a missing kind',
      z
        .strictObject({ u: z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('a') })]) })
        .partial(),
      { u: {} },
      ['"kind" is missing; add "kind: ..." with one of a'],
    ],
    [
      'a transformed value',
      z.strictObject({ s: size.transform((text) => parseInt(text, 10)) }).partial(),
      { s: 1 },
      ['s: expected a text, found 1; write it in quotes: "1"'],
    ],
  ];
  it.each(cases)('%s is said in plain words', (_title, schema, value, expected) => {
    expect(told(schema, value)).toEqual(expected);
  });

  it('does not fill the screen with a long value', () => {
    expect(told(z.strictObject({ n: z.int() }).partial(), { n: 'x'.repeat(5000) })[0]?.length).toBeLessThan(
      150,
    );
  });
});
