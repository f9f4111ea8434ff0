import { readFileSync, rmSync } from 'node:fs';
import { SecretsError } from './error.ts';
import { secretsFilesOf, secretsState, snapshotOf, type SecretsFiles } from './files.ts';
import { openSecrets, sealSecrets, SEALED_FOR_LINE, type SealKey, type SealTarget } from './seal.ts';
import { writePrivateFile, WriteError } from './whole-file.ts';
import { textOf, unchanged, valuesIn } from './write.ts';

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

async function requireSame(file: string, key: SealKey, text: string): Promise<void> {
  const strip = (sealed: string): string => sealed.replace(SEALED_FOR_LINE, '');
  const opened = await openSecrets(readFileSync(file), key).catch((cause: unknown) => {
    throw new WriteError(file, 'it cannot be opened again', { cause });
  });
  if (strip(opened) !== strip(text)) throw new WriteError(file, 'it opens to something else');
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
