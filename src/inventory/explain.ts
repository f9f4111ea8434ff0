import { z } from 'zod';
import { nearest, suggestion } from '../yaml/nearest.ts';
import { isRecord } from '../yaml/parse.ts';
import type { InventoryProblem } from './problem.ts';

type Issue = z.core.$ZodIssue;

type RawIssue = z.core.$ZodRawIssue;

type UnionIssue = Extract<Issue, { code: 'invalid_union' }>;

type Path = readonly (string | number)[];

/** A problem of shape, found by a schema. */
export interface ShapeProblem extends InventoryProblem {
  readonly kind: 'unknown' | 'missing' | 'wrong';
}

/**
 * The issues of zod as problems of the inventory, each located at its key or value. `base` is the path of the value in
 * the inventory, `within` the path of the issues in `schema`.
 */
export function problemsOf(
  issues: readonly Issue[],
  schema: z.ZodType,
  base: Path,
  within: readonly PropertyKey[] = [],
): readonly ShapeProblem[] {
  return issues.flatMap((issue): readonly ShapeProblem[] => {
    const path = [...base, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
    const place = { schema, path: [...within, ...issue.path] };
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, place.path);
      return issue.keys.map((key) => unknownKey([...path, key], key, known));
    }
    if (issue.code === 'invalid_union') return unionProblems(issue, path, place);
    if (issue.code === 'invalid_key') {
      return [{ ...wrong(path, issue.issues[0]?.message ?? issue.message, undefined), at: 'key' }];
    }
    const isMissing = issue.code === 'invalid_type' || issue.code === 'invalid_value';
    if (isMissing && issue.input === undefined) return [missing(path, place)];
    return [described(issue, path)];
  });
}

/** The problems without missing keys that are present but misspelt, so that one mistake is reported once. */
export function withoutEchoes(problems: readonly ShapeProblem[]): readonly InventoryProblem[] {
  const parent = (path: Path): string => JSON.stringify(path.slice(0, -1));
  return problems.filter((problem) => {
    if (problem.kind !== 'missing') return true;
    const misspelt = problems.some(
      (other) =>
        other.kind === 'unknown' &&
        parent(other.path) === parent(problem.path) &&
        nearest(String(other.path.at(-1)), [keyOf(problem.path)]) !== undefined,
    );
    return !misspelt;
  });
}

/** Whether a key is named like a secret. */
export function looksSecret(key: string): boolean {
  return /passw|secret|token/i.test(key);
}

/** A key that is not in the schema, with the key that was probably meant. */
export function unknownKey(path: Path, key: string, known: readonly string[]): ShapeProblem {
  const secret = looksSecret(key) && nearest(key, known) === undefined;
  const hint = secret ? 'secrets belong in secrets.yaml next to the inventory' : suggestion(key, known);
  return { kind: 'unknown', severity: 'error', path, at: 'key', message: `unknown key "${key}"`, hint };
}

/** An error map for `safeParse` with plain English messages. A schema's own messages take precedence. */
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

/** A value as shown in a message. */
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

/** A schema, and the path of a value in it. */
interface Place {
  readonly schema: z.ZodType;
  readonly path: readonly PropertyKey[];
}

/** One of the shapes that a union allows, with the issues of a value that was tried against it. */
interface Branch {
  readonly issues: readonly Issue[];
  /** The expected type, where the value has a different type. */
  readonly expected?: string;
}

function branchesOf(issue: UnionIssue): readonly Branch[] {
  return issue.errors.flatMap((issues): readonly Branch[] => {
    const [first] = issues;
    if (first?.path.length === 0) {
      if (first.code === 'invalid_union') return branchesOf(first);
      if (first.code === 'invalid_type') return [{ issues, expected: kind(first.expected) }];
      if (first.code === 'invalid_value') return [{ issues, expected: words(first.values) }];
    }
    return [{ issues }];
  });
}

function keyOf(path: Path): string {
  return String(path.findLast((step) => typeof step === 'string') ?? '');
}

function missing(path: Path, place: Place): ShapeProblem {
  const key = keyOf(path);
  const description = descriptionAt(place.schema, place.path);
  const hint = `add "${key}: ..."${description === undefined ? '' : ` (${description})`}`;
  return { kind: 'missing', severity: 'error', path, message: `"${key}" is missing`, hint };
}

function wrong(path: Path, message: string, hint: string | undefined): ShapeProblem {
  const key = keyOf(path);
  const labelled = key !== '' && /^(?:expected|unknown value)/.test(message) ? `${key}: ${message}` : message;
  return {
    kind: 'wrong',
    severity: 'error',
    path,
    message: labelled,
    ...(hint === undefined ? {} : { hint }),
  };
}

/**
 * One issue in words. The message in a schema is either complete ("expected ..."), or only says what to write instead
 * ("a size such as 512M").
 */
function described(issue: Issue, path: Path): ShapeProblem {
  const { message, input } = issue;
  if (message === plainMessage(issue) || message.startsWith('unknown'))
    return wrong(path, message, hintOf(issue));
  if (message.startsWith('expected')) return wrong(path, `${message}, found ${show(input)}`, hintOf(issue));
  if (issue.code === 'custom') return wrong(path, `${keyOf(path)}: ${message}`, undefined);
  const fault =
    input === null ? `"${keyOf(path)}" has no value` : `${keyOf(path)}: ${show(input)} does not fit`;
  return wrong(path, fault, message.startsWith('write') ? message : `write ${message}`);
}

/** The problem of a discriminated union whose discriminator is missing or unknown. */
function discriminatorProblem(issue: UnionIssue, path: Path): ShapeProblem {
  const key = String(issue.discriminator);
  const { options } = issue as { readonly options?: unknown };
  const choices = Array.isArray(options) ? options.map(String) : [];
  const written = isRecord(issue.input) ? issue.input[key] : undefined;
  if (written !== undefined) {
    const hint = suggestion(typeof written === 'string' ? written : '', choices);
    return wrong(path, `unknown value ${show(written)}`, hint);
  }
  const hint = `add "${key}: ..." with one of ${choices.join(', ')}`;
  return { kind: 'missing', severity: 'error', path, message: `"${key}" is missing`, hint };
}

function unionProblems(issue: UnionIssue, path: Path, place: Place): readonly ShapeProblem[] {
  const branches = branchesOf(issue);
  if (branches.length === 0) return [discriminatorProblem(issue, path)];
  const closest = branches
    .filter((branch) => branch.expected === undefined)
    .sort((a, b) => a.issues.length - b.issues.length)[0];
  if (closest !== undefined) return problemsOf(closest.issues, place.schema, path, place.path);
  if (issue.input === undefined) return [missing(path, place)];
  const expected = [...new Set(branches.map((branch) => branch.expected ?? ''))].join(' or ');
  return [wrong(path, `expected ${expected}, found ${show(issue.input)}`, undefined)];
}

/** The schemas behind optional, default, union and the like. */
function shapesOf(schema: unknown): readonly unknown[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodNonOptional ||
    schema instanceof z.ZodCatch
  ) {
    return shapesOf(schema.def.innerType);
  }
  if (schema instanceof z.ZodPipe) return shapesOf(schema.def.in);
  if (schema instanceof z.ZodUnion) return schema.def.options.flatMap(shapesOf);
  if (schema instanceof z.ZodIntersection)
    return [...shapesOf(schema.def.left), ...shapesOf(schema.def.right)];
  if (schema instanceof z.ZodLazy) return shapesOf(schema.def.getter());
  return [schema];
}

function childrenOf(schema: unknown, step: PropertyKey): readonly unknown[] {
  if (schema instanceof z.ZodObject) {
    const child: unknown = Object.hasOwn(schema.def.shape, step) ? schema.def.shape[String(step)] : undefined;
    return child === undefined ? [] : [child];
  }
  if (schema instanceof z.ZodRecord) return [schema.def.valueType];
  if (schema instanceof z.ZodArray) return [schema.def.element];
  return [];
}

function schemasAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly unknown[] {
  let current: readonly unknown[] = [schema];
  for (const step of path) current = current.flatMap(shapesOf).flatMap((shape) => childrenOf(shape, step));
  return current;
}

/** The keys that `schema` knows in the map at `path`: the candidates for an unknown key. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const shapes = schemasAt(schema, path).flatMap(shapesOf);
  return [
    ...new Set(shapes.flatMap((shape) => (shape instanceof z.ZodObject ? Object.keys(shape.def.shape) : []))),
  ];
}

/** The description in `schema` of the value at `path`. */
function descriptionAt(schema: z.ZodType, path: readonly PropertyKey[]): string | undefined {
  const described = schemasAt(schema, path).flatMap((found) => [found, ...shapesOf(found)]);
  return described.flatMap((found) => (found instanceof z.ZodType ? (found.description ?? []) : []))[0];
}

const LONGEST_SHOWN = 60;

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

/** A zod type in plain words. */
function kind(expected: string): string {
  return EXPECTED[expected] ?? expected;
}

/** Values, listed. */
function words(values: readonly unknown[]): string {
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

/** What to write instead, where the mistake shows it. */
function hintOf(issue: Issue): string | undefined {
  if (issue.code === 'invalid_type') return hintOfType(issue.expected, issue.input);
  if (issue.code === 'invalid_value' && issue.values.length > 1 && typeof issue.input === 'string') {
    return suggestion(issue.input, issue.values.map(String));
  }
  return undefined;
}
