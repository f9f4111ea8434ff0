import { existsSync, readFileSync, rmSync } from 'node:fs';
import { hasErrors } from '../yaml/problem.ts';
import { isRecord, parseYaml } from '../yaml/parse.ts';
import { decodeText, readBytes } from '../yaml/read.ts';
import { withEntries, type PreviousTexts } from './edit.ts';
import { asSecretsError, SecretsChanged, SecretsError } from './error.ts';
import { withFileLock } from './file-lock.ts';
import { snapshotOf, type SecretsFiles, secretsFilesOf, secretsState } from './files.ts';
import { loadSecrets, unsealed, type LoadedSecrets, type LoadSecretsOptions } from './load.ts';
import { PREVIOUS_KEY, previousIn, previousTexts, withPrevious, type Previous } from './previous.ts';
import { type SecretRules, generateSecrets } from './rule.ts';
import {
  sealSecrets,
  targetFor,
  type SealKey,
  openSecrets,
  SEALED_FOR_LINE,
  type SealTarget,
} from './seal.ts';
import type { Secret } from './secret.ts';
import { writePrivateFile, WriteError } from './whole-file.ts';

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

/** The secrets beside an inventory after the missing ones were generated and written. */
export interface EnsuredSecrets extends LoadedSecrets {
  /** Names that were generated just now. */
  readonly generated: readonly string[];
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

/**
 * Seals `secrets.yaml` into `secrets.yaml.age` and removes it once the sealed file is on the disk and, with a passphrase or
 * where `own` is one of the recipients, was opened again. Returns the new file. Throws `SecretsError`, and `WriteError`
 * with the plain file in its place.
 */
export async function encryptSecrets(
  inventoryFile: string,
  target: SealTarget,
  own?: SealKey,
): Promise<string> {
  const files = only('plain', inventoryFile);
  const snapshot = snapshotOf(files);
  const text = await textOf(files.plain, undefined);
  valuesIn(files.plain, text);
  const sealed = await sealSecrets(text, target);
  const key = await keyFor(target, own);
  await unchanged(files, snapshot, async () => {
    writePrivateFile(files.sealed, sealed);
    try {
      if (key) await requireSame(files.sealed, key, text);
    } catch (error) {
      rmSync(files.sealed, { force: true });
      throw error;
    }
    rmSync(files.plain);
  });
  return files.sealed;
}

/** Opens `secrets.yaml.age` into `secrets.yaml`, mode 600, and removes it. Returns the new file. Throws like `encryptSecrets`. */
export async function decryptSecrets(inventoryFile: string, key: SealKey): Promise<string> {
  const files = only('sealed', inventoryFile);
  const snapshot = snapshotOf(files);
  const text = await textOf(files.sealed, key);
  await unchanged(files, snapshot, async () => {
    writePrivateFile(files.plain, text.replace(SEALED_FOR_LINE, ''));
    rmSync(files.sealed);
  });
  return files.plain;
}

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

/** A new secret for each name that `loaded` lacks. */
export function generateMissing(
  loaded: Pick<LoadedSecrets, 'missing'>,
  rules: SecretRules,
): Readonly<Record<string, Secret>> {
  return generateSecrets(
    Object.fromEntries(loaded.missing.flatMap((name) => (rules[name] ? [[name, rules[name]]] : []))),
  );
}

/** Weak values and a wrong mode are mended by writing. Throws `SecretsError` where the file could not be read. */
export function requireOpen(loaded: LoadedSecrets): void {
  const [first] = loaded.problems;
  if (!loaded.isOpen && first !== undefined) throw asSecretsError(first);
}

function only(state: 'plain' | 'sealed', inventoryFile: string): SecretsFiles {
  const files = secretsFilesOf(inventoryFile);
  const found = secretsState(files);
  if (found === state) return files;
  if (found === 'both')
    throw new SecretsError(
      `there are ${files.plain} and ${files.sealed}`,
      'remove the one that is out of date',
    );
  if (found === 'none')
    throw new SecretsError(`there is no ${files[state]}`, `make it: osha secrets generate ${inventoryFile}`);
  throw new SecretsError(
    `the secrets are ${found === 'plain' ? 'not sealed' : 'sealed already'}`,
    `they are in ${files[found]}`,
  );
}

/** The key that opens what is sealed for `target`, as far as this machine has one. */
async function keyFor(target: SealTarget, own: SealKey | undefined): Promise<SealKey | undefined> {
  if ('passphrase' in target) return target;
  if (own === undefined || 'passphrase' in own) return undefined;
  const { identityToRecipient } = await import('age-encryption');
  const recipients = await Promise.all(own.identities.map((identity) => identityToRecipient(identity)));
  return recipients.some((recipient) => target.recipients.includes(recipient)) ? own : undefined;
}

async function requireSame(file: string, key: SealKey, text: string): Promise<void> {
  const strip = (sealed: string): string => sealed.replace(SEALED_FOR_LINE, '');
  const opened = await openSecrets(readFileSync(file), key).catch((cause: unknown) => {
    throw new WriteError(file, 'it cannot be opened again', { cause });
  });
  if (strip(opened) !== strip(text)) throw new WriteError(file, 'it opens to something else');
}
