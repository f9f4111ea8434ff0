import type { z } from 'zod';
import { isRecord } from '../yaml/parse.ts';
import { suggestion } from '../yaml/nearest.ts';

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

const LONGEST_SHOWN = 60;

/** A value as a message can name it. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'string') {
    return JSON.stringify(value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}...` : value);
  }
  if (isRecord(value)) return 'a map';
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  return 'a value with a tag';
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'nothing',
};

/** A type of zod in a person's words. */
export function kind(expected: string): string {
  return EXPECTED[expected] ?? expected;
}

/** Values, listed. */
export function words(values: readonly unknown[]): string {
  return values.map((value) => String(value)).join(', ');
}

function limit(
  issue: { readonly origin: string; readonly inclusive?: boolean | undefined },
  bound: unknown,
  way: 'least' | 'most',
): string {
  const count =
    issue.inclusive === false
      ? `${way === 'least' ? 'more' : 'less'} than ${String(bound)}`
      : `at ${way} ${String(bound)}`;
  if (issue.origin === 'string') return `${count} characters`;
  if (issue.origin === 'array' || issue.origin === 'set') return `${count} entries`;
  return count;
}

/** What zod found, in plain English: an error map for `safeParse`. A schema's own messages win over it. */
export function plainMessage(issue: RawIssue | Issue): string {
  const found = `, found ${show(issue.input)}`;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${kind(issue.expected)}${found}`;
    case 'invalid_value':
      if (typeof issue.input !== 'string' || issue.values.length < 2) {
        return `expected ${issue.values.length < 2 ? '' : 'one of '}${words(issue.values)}${found}`;
      }
      return `unknown value ${show(issue.input)}`;
    case 'too_small':
      return `expected ${limit(issue, issue.minimum, 'least')}${found}`;
    case 'too_big':
      return `expected ${limit(issue, issue.maximum, 'most')}${found}`;
    case 'not_multiple_of':
      return `expected a multiple of ${String(issue.divisor)}${found}`;
    case 'invalid_format':
      return issue.format === 'regex'
        ? `${show(issue.input)} is not of the expected form`
        : `expected ${issue.format === 'ipv4' ? 'an IPv4 address' : `a text of the form ${issue.format}`}${found}`;
    case 'invalid_key':
      return `this name is not of the expected form`;
    default:
      return `${show(issue.input)} does not fit here`;
  }
}

const BOOLEAN_WORDS: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['on', true],
  ['y', true],
  ['no', false],
  ['off', false],
  ['n', false],
]);

function hintOfType(expected: string, input: unknown): string | undefined {
  if (input === null) return 'write a value after the ":"';
  if (expected === 'string' && (typeof input === 'number' || typeof input === 'boolean'))
    return `write it in quotes: "${String(input)}"`;
  if (expected === 'array' && typeof input === 'string') return `write [${input}]`;
  if ((expected === 'object' || expected === 'record') && Array.isArray(input)) {
    return 'write "name: ..." lines without "- "';
  }
  if (typeof input !== 'string') return undefined;
  if ((expected === 'number' || expected === 'int') && /^\d+$/.test(input))
    return `write ${input} without quotes`;
  if (expected === 'boolean') {
    const meant = /^(?:true|false)$/i.test(input)
      ? input.toLowerCase() === 'true'
      : BOOLEAN_WORDS.get(input.toLowerCase());
    return meant === undefined ? undefined : `write ${String(meant)}, without quotes`;
  }
  const begun = /^([\w-]+):(\S.*)$/.exec(input);
  if ((expected === 'object' || expected === 'record') && begun)
    return `write a space after the colon: "${begun[1]}: ${begun[2]}"`;
  return undefined;
}

/** What to write instead, where the mistake tells. */
export function hintOf(issue: Issue): string | undefined {
  if (issue.code === 'invalid_type') return hintOfType(issue.expected, issue.input);
  if (issue.code === 'invalid_value' && issue.values.length > 1 && typeof issue.input === 'string') {
    return suggestion(issue.input, issue.values.map(String));
  }
  return undefined;
}
