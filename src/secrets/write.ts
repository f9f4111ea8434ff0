import { existsSync } from 'node:fs';
import { hasErrors } from '../yaml/problem.ts';
import { isRecord, parseYaml } from '../yaml/parse.ts';
import { decodeText, readBytes } from '../yaml/read.ts';
import { withEntries, type PreviousTexts } from './edit.ts';
import { asSecretsError, SecretsChanged, SecretsError } from './error.ts';
import { withFileLock } from './file-lock.ts';
import { snapshotOf, type SecretsFiles } from './files.ts';
import { generateSecrets } from './generate.ts';
import { loadSecrets, unsealed, type LoadedSecrets, type LoadSecretsOptions } from './load.ts';
import { PREVIOUS_KEY, previousIn, previousTexts, withPrevious, type Previous } from './previous.ts';
import type { SecretRules } from './rule.ts';
import { sealSecrets, targetFor, type SealKey } from './seal.ts';
import type { Secret } from './secret.ts';
import { writePrivateFile } from './whole-file.ts';

export interface WriteOptions {
  /** Names whose value is replaced; all others keep the value that they have. What is replaced is remembered. */
  readonly replace?: readonly string[];
  /** What they are for, as comments. */
  readonly rules?: SecretRules;
  /** Opens the file where it is sealed; it is sealed again in the same way. */
  readonly key?: SealKey | undefined;
  /** What `snapshotOf` said when the values were decided on; default: when this begins. */
  readonly snapshot?: string;
  /** Former values that are put in the place of the remembered ones, by name. */
  readonly previous?: Readonly<Record<string, Previous>>;
}

/** Attempts to write what another osha on this machine writes too. */
const ATTEMPTS = 5;

/** The text of a file of secrets; nothing where there is no file. Throws `SecretsError`. */
export async function textOf(file: string, key: SealKey | undefined): Promise<string> {
  const sealed = file.endsWith('.age');
  if (sealed && key === undefined)
    throw new SecretsError(`${file} is sealed`, 'give its passphrase or identity');
  if (!existsSync(file)) return '';
  const read = readBytes(file);
  if (read.problem !== undefined) throw asSecretsError(read.problem);
  const open =
    key === undefined || !sealed
      ? decodeText(file, read.bytes)
      : await unsealed(file, read.bytes, () => Promise.resolve(key));
  if (open.problem === undefined) return open.text;
  throw asSecretsError(open.problem);
}

/** The names and values in the text of a file of secrets. Throws `SecretsError` where it is none. */
export function valuesIn(file: string, text: string): Readonly<Record<string, unknown>> {
  const { value, problems } = parseYaml(file, text);
  const [first] = problems;
  if (first !== undefined) throw asSecretsError(first);
  if (value === undefined || value === null) return {};
  if (isRecord(value)) return value;
  throw new SecretsError(
    `${file} does not hold "name: value" lines`,
    'move the file away, and it is generated',
  );
}

/** The plain and the sealed file, of which `file` is one. */
function filesOf(file: string): SecretsFiles {
  const plain = file.replace(/\.age$/, '');
  return { plain, sealed: `${plain}.age` };
}

/** Does `work` while nobody else writes the secrets. Throws `SecretsChanged` where somebody has since `snapshot`. */
export function unchanged<T>(files: SecretsFiles, snapshot: string, work: () => Promise<T>): Promise<T> {
  return withFileLock(files.plain, async () => {
    if (snapshotOf(files) !== snapshot) throw new SecretsChanged(files.plain);
    return work();
  });
}

/**
 * Adds the secrets that a file lacks, and replaces those of `replace`. Comments and all other values stay. The file is
 * replaced as a whole (temporary file, fsync, read back, rename), mode 600. Returns the names that were written; writes
 * nothing where there are none. Throws `SecretsError`, `SecretsChanged`, or what `writePrivateFile` throws.
 */
export async function writeSecrets(
  file: string,
  values: Readonly<Record<string, Secret>>,
  options: WriteOptions = {},
): Promise<readonly string[]> {
  const files = filesOf(file);
  const snapshot = options.snapshot ?? snapshotOf(files);
  if (snapshotOf(files) !== snapshot) throw new SecretsChanged(file);
  if (Object.keys(values).length === 0 && options.previous === undefined) return [];
  const text = await textOf(file, options.key);
  const known = valuesIn(file, text);
  const names = Object.keys(values).filter(
    (name) => !Object.hasOwn(known, name) || options.replace?.includes(name),
  );
  if (names.length === 0 && options.previous === undefined) return [];
  const entries = names.flatMap((name) => {
    const value = values[name]?.reveal();
    return value === undefined ? [] : [{ name, value, describe: options.rules?.[name]?.describe }];
  });
  const edited = withEntries(text, entries, rememberedIn(known, names, options.previous));
  const reseal = file.endsWith('.age') && options.key ? await targetFor(text, options.key) : undefined;
  const content = reseal ? await sealSecrets(edited, reseal) : edited;
  await unchanged(files, snapshot, async () => writePrivateFile(file, content));
  return names;
}

/** What the file remembers after the values of `replaced` were replaced; nothing where nothing changes. */
function rememberedIn(
  known: Readonly<Record<string, unknown>>,
  replaced: readonly string[],
  given: Readonly<Record<string, Previous>> = {},
): PreviousTexts | undefined {
  const { previous: before } = previousIn(known[PREVIOUS_KEY]);
  const old = replaced.flatMap((name) => {
    const value = Object.hasOwn(known, name) ? known[name] : undefined;
    return typeof value === 'string' ? [[name, [value]] as const] : [];
  });
  if (old.length === 0 && Object.keys(given).length === 0) return undefined;
  const base: Readonly<Record<string, Previous>> = { ...before, ...given };
  const after = {
    ...base,
    ...Object.fromEntries(old.map(([name, values]) => [name, withPrevious(base[name], values)])),
  };
  return Object.fromEntries(Object.entries(after).map(([name, previous]) => [name, previousTexts(previous)]));
}

/** Again where somebody else wrote the secrets meanwhile, with what they hold then. The key is asked for once. */
async function persistently<T>(
  options: LoadSecretsOptions,
  attempt: (options: LoadSecretsOptions) => Promise<T>,
): Promise<T> {
  const { unlock } = options;
  let key: Promise<SealKey> | undefined;
  const once = unlock ? { unlock: () => (key ??= unlock()) } : {};
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt(once);
    } catch (error) {
      if (!(error instanceof SecretsChanged) || tries >= ATTEMPTS) throw error;
    }
  }
}

/** The secrets beside an inventory after the missing ones were generated and written. */
export interface EnsuredSecrets extends LoadedSecrets {
  /** Names that were generated just now. */
  readonly generated: readonly string[];
}

/** A new secret for each name that `loaded` lacks. */
export function generateMissing(
  loaded: Pick<LoadedSecrets, 'missing'>,
  rules: SecretRules,
): Readonly<Record<string, Secret>> {
  return generateSecrets(
    Object.fromEntries(loaded.missing.flatMap((name) => (rules[name] ? [[name, rules[name]]] : []))),
  );
}

/** Loads the secrets, and generates and writes what is missing, unless something is wrong with what is there. */
export function ensureSecrets(
  inventoryFile: string,
  rules: SecretRules,
  options: LoadSecretsOptions = {},
): Promise<EnsuredSecrets> {
  return persistently(options, async (once) => {
    const loaded = await loadSecrets(inventoryFile, rules, once);
    if (hasErrors(loaded.problems) || loaded.missing.length === 0) return { ...loaded, generated: [] };
    const made = generateMissing(loaded, rules);
    const { key, snapshot } = loaded;
    const generated = await writeSecrets(loaded.file, made, { rules, key, snapshot });
    const state = loaded.state === 'none' ? 'plain' : loaded.state;
    return { ...loaded, state, secrets: { ...loaded.secrets, ...made }, missing: [], generated };
  });
}

/**
 * Replaces secrets by new ones and returns their names. What they were is remembered, so that hosts which still have it are
 * recognised; of one that is missing here, that whatever the hosts have is to be replaced. Throws `SecretsError` for a
 * name that there is no rule for, and where the file has errors.
 */
export async function rotateSecrets(
  inventoryFile: string,
  rules: SecretRules,
  names: readonly string[],
  options: LoadSecretsOptions = {},
): Promise<readonly string[]> {
  const strange = names.filter((name) => !Object.hasOwn(rules, name));
  if (strange.length > 0) {
    throw new SecretsError(
      `there is no secret called ${strange.join(', ')}`,
      `there are ${Object.keys(rules).join(', ')}`,
    );
  }
  const wanted = Object.fromEntries(Object.entries(rules).filter(([name]) => names.includes(name)));
  return persistently(options, async (once) => {
    const loaded = await loadSecrets(inventoryFile, rules, once);
    requireOpen(loaded);
    const missing = names.filter((name) => loaded.missing.includes(name));
    const previous = Object.fromEntries(
      missing.map((name) => [name, { ...withPrevious(loaded.previous[name], []), any: true }]),
    );
    return writeSecrets(loaded.file, generateSecrets(wanted), {
      replace: names,
      rules,
      key: loaded.key,
      snapshot: loaded.snapshot,
      ...(missing.length > 0 ? { previous } : {}),
    });
  });
}

/** Weak values and a wrong mode are mended by writing. Throws `SecretsError` where the file could not be read. */
export function requireOpen(loaded: LoadedSecrets): void {
  const [first] = loaded.problems;
  if (!loaded.isOpen && first !== undefined) throw asSecretsError(first);
}
