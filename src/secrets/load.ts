import { statSync } from 'node:fs';
import { nearest } from '../yaml/nearest.ts';
import { isRecord, parseYaml } from '../yaml/parse.ts';
import {
  hasErrors,
  inFileOrder,
  START,
  type LocatedProblem,
  type Position,
  type Severity,
} from '../yaml/problem.ts';
import { decodeText, readBytes } from '../yaml/read.ts';
import { SecretsError } from './error.ts';
import { secretsFilesOf, secretsState, snapshotOf, type SecretsState } from './files.ts';
import { PREVIOUS_KEY, previousIn, type PreviousByName } from './previous.ts';
import { type SecretRules, weaknessOf } from './rule.ts';
import { openSecrets, type SealKey } from './seal.ts';
import { Secret } from './secret.ts';

export interface LoadSecretsOptions {
  /** Called once, and only where the secrets are sealed. Without it, sealed secrets are an error. */
  readonly unlock?: () => Promise<SealKey>;
}

/** The usable secrets next to an inventory. */
export interface LoadedSecrets {
  /** Their file; `secrets.yaml` where there is none yet. */
  readonly file: string;
  readonly state: SecretsState;
  /** False where the file could not be read or unsealed: `problems` says why, and no secret is known. */
  readonly isOpen: boolean;
  /** By name; only those with a rule. */
  readonly secrets: Readonly<Record<string, Secret>>;
  /** Names with a rule but no value. Not a problem: they can be generated. */
  readonly missing: readonly string[];
  /** Names whose value has an error or a warning. */
  readonly weak: readonly string[];
  /** Names without a rule. */
  readonly unknown: readonly string[];
  /** Former values by name, including names without a rule. */
  readonly previous: PreviousByName;
  readonly problems: readonly LocatedProblem[];
  /** The key that unsealed them, for writing them again. */
  readonly key?: SealKey | undefined;
  /** The state of the files when they were read; see `snapshotOf`. */
  readonly snapshot: string;
}

/**
 * Reads and checks the secrets next to an inventory: the file's mode, every name and every value. Never throws for the
 * content of the file; an error of `unlock` is rethrown, unless it is a `SecretsError`.
 */
export async function loadSecrets(
  inventoryFile: string,
  rules: SecretRules,
  options: LoadSecretsOptions = {},
): Promise<LoadedSecrets> {
  const files = secretsFilesOf(inventoryFile);
  const state = secretsState(files);
  const file = state === 'sealed' ? files.sealed : files.plain;
  const names = Object.keys(rules);
  // Taken before reading, so that the next write detects a concurrent one.
  const snapshot = snapshotOf(files);
  const nothing = { file, state, snapshot, secrets: {}, weak: [], unknown: [], previous: {} };
  if (state === 'none') return { ...nothing, isOpen: true, missing: names, problems: [] };
  const closed = (problem: LocatedProblem): LoadedSecrets => ({
    ...nothing,
    isOpen: false,
    missing: [],
    problems: [problem],
  });
  if (state === 'both') {
    const message = `there is ${files.sealed}, too`;
    const hint = 'remove the one that is out of date';
    return closed({ severity: 'error', file, ...START, message, hint });
  }
  const read = readBytes(file);
  if (read.problem !== undefined) return closed(read.problem);
  const mode = state === 'plain' ? modeProblem(file) : undefined;
  const open: Opened =
    state === 'sealed' ? await unsealed(file, read.bytes, options.unlock) : decodeText(file, read.bytes);
  if (open.problem !== undefined) return closed(open.problem);
  const content = check(file, open.text, rules, inventoryFile);
  const isMissing = (name: string): boolean =>
    !Object.hasOwn(content.secrets, name) && !content.weak.includes(name);
  return {
    file,
    state,
    snapshot,
    ...content,
    problems: [...(mode === undefined ? [] : [mode]), ...content.problems],
    missing: content.isOpen ? names.filter(isMissing) : [],
    key: open.key,
  };
}

/** The state of one secret. */
export interface SecretState {
  readonly name: string;
  /** Its purpose; empty where it has no rule. */
  readonly describe: string;
  readonly state: 'set' | 'missing' | 'weak' | 'unknown';
}

/** Every secret that is needed or present, in the order of the rules. Contains no values. */
export function secretStates(rules: SecretRules, loaded: LoadedSecrets): readonly SecretState[] {
  const needed = Object.entries(rules).map(([name, { describe }]): SecretState => {
    if (loaded.missing.includes(name)) return { name, describe, state: 'missing' };
    return { name, describe, state: loaded.weak.includes(name) ? 'weak' : 'set' };
  });
  return [...needed, ...loaded.unknown.map((name) => ({ name, describe: '', state: 'unknown' }) as const)];
}

type Values = Readonly<Record<string, unknown>>;

type Content = Pick<LoadedSecrets, 'isOpen' | 'secrets' | 'weak' | 'unknown' | 'previous' | 'problems'>;

function modeProblem(file: string): LocatedProblem | undefined {
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) === 0) return undefined;
  const message = `this file is accessible to other users (mode ${mode.toString(8)})`;
  return { severity: 'error', file, ...START, message, hint: `chmod 600 ${file}` };
}

function valueProblem(name: string, value: unknown): readonly [message: string, hint: string] {
  if (typeof value === 'number') return [`${name} is read as a number`, 'put it in quotes'];
  if (value === null) return [`${name} has no value`, 'remove the line; osha then generates a value'];
  return [`${name} is not a string`, 'write one string for each name'];
}

/** Checks the text of a secrets file. No message contains a value. */
function check(file: string, text: string, rules: SecretRules, inventoryFile: string): Content {
  const yaml = parseYaml(file, text);
  // A value without quotes may look like an alias.
  const problems: LocatedProblem[] = yaml.problems.map((found) =>
    found.message.startsWith('*')
      ? {
          ...found,
          message: 'a value that starts with "*" is not quoted',
          hint: 'put it in quotes',
        }
      : found,
  );
  const add = (severity: Severity, at: Position, message: string, hint: string): void => {
    problems.push({ severity, file, ...at, message, hint });
  };
  if (yaml.value !== undefined && yaml.value !== null && !isRecord(yaml.value)) {
    add(
      'error',
      yaml.locate([]),
      'expected "name: value" lines',
      'move the file away; osha then generates a new one',
    );
  }
  const values: Values = isRecord(yaml.value) ? yaml.value : {};
  const isOpen = isRecord(yaml.value) || !hasErrors(problems);
  const secrets: Record<string, Secret> = {};
  const weak: string[] = [];
  const unknown: string[] = [];
  const seen = new Map<string, string>();
  const remembers = isRecord(values[PREVIOUS_KEY]) && !Object.hasOwn(rules, PREVIOUS_KEY);
  const { previous, unusable } = previousIn(remembers ? values[PREVIOUS_KEY] : undefined);
  for (const name of unusable) {
    const message = `a former value of ${name} is not a string`;
    add('warning', yaml.locate([PREVIOUS_KEY, name]), message, 'put it in quotes, or remove it');
  }
  for (const [name, value] of Object.entries(values)) {
    if (remembers && name === PREVIOUS_KEY) continue;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      unknown.push(name);
      const near = nearest(name, Object.keys(rules));
      const hint =
        near === undefined ? 'remove it, if no other inventory here needs it' : `did you mean "${near}"?`;
      // Inventories in one folder share their secrets, but a near miss of a known name is a mistake.
      const severity = near === undefined ? 'advice' : 'warning';
      add(severity, yaml.locate([name], 'key'), `nothing needs a secret called "${name}"`, hint);
      continue;
    }
    const at = yaml.locate([name]);
    if (typeof value !== 'string') {
      weak.push(name);
      add('error', at, ...valueProblem(name, value));
      continue;
    }
    secrets[name] = new Secret(name, value);
    const weakness = weaknessOf(name, value, rule, inventoryFile);
    const twin = seen.get(value);
    seen.set(value, name);
    if (weakness !== undefined) add(weakness.severity, at, weakness.message, weakness.hint);
    else if (twin !== undefined)
      add('warning', at, `${name} is the same as ${twin}`, 'use another value for each');
    if (weakness !== undefined || twin !== undefined) weak.push(name);
  }
  return { isOpen, secrets, weak, unknown, previous, problems: inFileOrder(problems) };
}

/** The text of a secrets file and the key that unsealed it, or the problem that prevents its use. */
type Opened =
  | { readonly text: string; readonly key?: SealKey | undefined; readonly problem?: never }
  | { readonly problem: LocatedProblem };

/**
 * The plain text of the sealed `file`, or why it could not be unsealed. Rethrows an error of `unlock`, unless it is a
 * `SecretsError`.
 */
export async function unsealed(
  file: string,
  sealed: Uint8Array,
  unlock: LoadSecretsOptions['unlock'],
): Promise<Opened> {
  const problem = (message: string, hint: string): { readonly problem: LocatedProblem } => ({
    problem: { severity: 'error', file, ...START, message, hint },
  });
  if (unlock === undefined)
    return problem('the secrets are sealed', 'give the passphrase or the age identity');
  try {
    const key = await unlock();
    return { text: await openSecrets(sealed, key), key };
  } catch (error) {
    if (error instanceof SecretsError) return problem(error.message, error.hint);
    throw error;
  }
}
