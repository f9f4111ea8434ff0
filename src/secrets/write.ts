import { existsSync, rmSync } from 'node:fs';
import { formatProblem, hasErrors } from '../yaml/problem.ts';
import { isRecord, parseYaml } from '../yaml/parse.ts';
import { decodeText, readBytes } from '../yaml/read.ts';
import { writePrivateFile } from './atomic.ts';
import { withEntries } from './edit.ts';
import { SecretsError } from './error.ts';
import { secretsFilesOf, secretsState } from './files.ts';
import { generateSecrets } from './generate.ts';
import { loadSecrets, type LoadedSecrets, type LoadSecretsOptions } from './load.ts';
import type { SecretRules } from './rule.ts';
import { openSecrets, sealSecrets, targetFor, type SealKey, type SealTarget } from './seal.ts';
import type { Secret } from './secret.ts';

export interface WriteOptions {
  /** Names whose value is replaced; all others keep the value that they have. */
  readonly replace?: readonly string[];
  /** What they are for, as comments. */
  readonly rules?: SecretRules;
  /** Opens the file where it is sealed; it is sealed again in the same way. */
  readonly key?: SealKey;
}

async function textOf(file: string, key: SealKey | undefined): Promise<string> {
  const sealed = file.endsWith('.age');
  if (sealed && key === undefined)
    throw new SecretsError(`${file} is sealed`, 'give its passphrase or identity');
  if (!existsSync(file)) return '';
  const read = readBytes(file);
  if (read.problem !== undefined) throw new SecretsError(formatProblem(read.problem), 'mend this first');
  if (sealed && key !== undefined) return openSecrets(read.bytes, key);
  const decoded = decodeText(file, read.bytes);
  if (decoded.problem === undefined) return decoded.text;
  throw new SecretsError(formatProblem(decoded.problem), 'mend this first');
}

function namesIn(file: string, text: string): readonly string[] {
  const { value, problems } = parseYaml(file, text);
  const [first] = problems;
  if (first !== undefined) throw new SecretsError(formatProblem(first), 'mend the file first');
  if (value === undefined || value === null) return [];
  if (isRecord(value)) return Object.keys(value);
  throw new SecretsError(
    `${file} does not hold "name: value" lines`,
    'move the file away, and it is generated',
  );
}

/**
 * Adds the secrets that a file lacks, and replaces those of `replace`. Comments and all other values stay. The file is
 * replaced as a whole (temporary file, fsync, rename), mode 600. Returns the names that were written; writes nothing
 * where there are none. Throws `SecretsError`, or what the file system says.
 */
export async function writeSecrets(
  file: string,
  values: Readonly<Record<string, Secret>>,
  options: WriteOptions = {},
): Promise<readonly string[]> {
  const text = await textOf(file, options.key);
  const known = namesIn(file, text);
  const names = Object.keys(values).filter(
    (name) => !known.includes(name) || options.replace?.includes(name),
  );
  if (names.length === 0) return [];
  const entries = names.flatMap((name) => {
    const value = values[name]?.reveal();
    const describe = options.rules?.[name]?.describe;
    return value === undefined ? [] : [{ name, value, ...(describe === undefined ? {} : { describe }) }];
  });
  const edited = withEntries(text, entries);
  const reseal = file.endsWith('.age') && options.key ? await targetFor(text, options.key) : undefined;
  const content = reseal ? await sealSecrets(edited, reseal) : edited;
  writePrivateFile(file, content);
  return names;
}

/** The secrets beside an inventory after the missing ones were generated and written. */
export interface EnsuredSecrets extends LoadedSecrets {
  /** Names that were generated just now. */
  readonly generated: readonly string[];
}

/** Loads the secrets, and generates and writes what is missing, unless something is wrong with what is there. */
export async function ensureSecrets(
  inventoryFile: string,
  rules: SecretRules,
  options: LoadSecretsOptions = {},
): Promise<EnsuredSecrets> {
  const loaded = await loadSecrets(inventoryFile, rules, options);
  if (hasErrors(loaded.problems) || loaded.missing.length === 0) return { ...loaded, generated: [] };
  const made = generateSecrets(
    Object.fromEntries(loaded.missing.flatMap((name) => (rules[name] ? [[name, rules[name]]] : []))),
  );
  const generated = await writeSecrets(loaded.file, made, {
    rules,
    ...(loaded.key ? { key: loaded.key } : {}),
  });
  const state = loaded.state === 'none' ? 'plain' : loaded.state;
  return { ...loaded, state, secrets: { ...loaded.secrets, ...made }, missing: [], generated };
}

/**
 * Replaces secrets by new ones and returns their names. Throws `SecretsError` for a name that there is no rule for, and
 * where the file has errors.
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
  const loaded = await loadSecrets(inventoryFile, rules, options);
  // Weak values and a wrong mode are mended by writing; a file that cannot be read is told by it.
  const closed = loaded.state === 'both' || (loaded.state === 'sealed' && loaded.key === undefined);
  const [first] = loaded.problems;
  if (closed && first !== undefined) throw new SecretsError(formatProblem(first), 'mend this first');
  const wanted = Object.fromEntries(Object.entries(rules).filter(([name]) => names.includes(name)));
  return writeSecrets(loaded.file, generateSecrets(wanted), {
    replace: names,
    rules,
    ...(loaded.key ? { key: loaded.key } : {}),
  });
}

function only(state: 'plain' | 'sealed', inventoryFile: string): ReturnType<typeof secretsFilesOf> {
  const files = secretsFilesOf(inventoryFile);
  const found = secretsState(files);
  if (found === state) return files;
  if (found === 'both')
    throw new SecretsError(
      `there are ${files.plain} and ${files.sealed}`,
      'remove the one that is out of date',
    );
  if (found === 'none')
    throw new SecretsError(`there is no ${files[state]}`, 'make it with "osha secrets generate"');
  throw new SecretsError(
    `the secrets are ${found === 'plain' ? 'not sealed' : 'sealed already'}`,
    `they are in ${files[found]}`,
  );
}

/** Seals `secrets.yaml` into `secrets.yaml.age` and removes it. Returns the new file. Throws `SecretsError`. */
export async function encryptSecrets(inventoryFile: string, target: SealTarget): Promise<string> {
  const files = only('plain', inventoryFile);
  const text = await textOf(files.plain, undefined);
  namesIn(files.plain, text);
  writePrivateFile(files.sealed, await sealSecrets(text, target));
  rmSync(files.plain);
  return files.sealed;
}

/** Opens `secrets.yaml.age` into `secrets.yaml`, mode 600, and removes it. Returns the new file. Throws `SecretsError`. */
export async function decryptSecrets(inventoryFile: string, key: SealKey): Promise<string> {
  const files = only('sealed', inventoryFile);
  const text = await textOf(files.sealed, key);
  writePrivateFile(files.plain, text.replace(/^# sealed for: .*\n/gm, ''));
  rmSync(files.sealed);
  return files.plain;
}
