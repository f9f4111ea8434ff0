import { Buffer } from 'node:buffer';
import { SecretsError } from './error.ts';

/** The key that unseals secrets. */
export type SealKey =
  | { readonly passphrase: string }
  /** Identities as age writes them: `AGE-SECRET-KEY-1...` */
  | { readonly identities: readonly string[] };

/** The passphrase or recipients to seal for. */
export type SealTarget =
  | { readonly passphrase: string }
  /** `age1...` */
  | { readonly recipients: readonly string[] };

/** The recipients cannot be read from sealed text; they are recorded inside it for the next write. */
const SEALED_FOR = '# sealed for: ';

/** The line with the recipients in the sealed text. */
export const SEALED_FOR_LINE = /^# sealed for: .*\n/gm;

/**
 * `text` sealed with age, as ASCII. The `age` command can open it. `workFactor` is the base-2 logarithm of the cost of
 * one passphrase guess; default 18, about a second. Throws `SecretsError` for invalid recipients.
 */
export async function sealSecrets(text: string, target: SealTarget, workFactor = 18): Promise<string> {
  const { Encrypter, armor } = await import('age-encryption');
  const encrypter = new Encrypter();
  const plain = text.replace(SEALED_FOR_LINE, '');
  if ('passphrase' in target) {
    encrypter.setScryptWorkFactor(workFactor);
    encrypter.setPassphrase(target.passphrase);
    return armor.encode(await encrypter.encrypt(plain));
  }
  try {
    for (const recipient of target.recipients) encrypter.addRecipient(recipient);
    return armor.encode(await encrypter.encrypt(`${SEALED_FOR}${target.recipients.join(' ')}\n${plain}`));
  } catch (error) {
    const hint = 'a recipient begins with "age1"; age-keygen prints it as the public key';
    throw new SecretsError(`invalid age recipients: ${target.recipients.join(', ')}`, hint, {
      cause: error,
    });
  }
}

/** The target for sealing `text` again in the same way as before; `key` opened it. */
export async function targetFor(text: string, key: SealKey): Promise<SealTarget> {
  const line = /^# sealed for: (.+)$/m.exec(text)?.[1];
  if (line !== undefined) return { recipients: line.split(' ') };
  if ('passphrase' in key) return key;
  const { identityToRecipient } = await import('age-encryption');
  return { recipients: await Promise.all(key.identities.map((identity) => identityToRecipient(identity))) };
}

/**
 * The text that osha or the `age` command sealed, armored or not. Throws `SecretsError` where `key` does not open it.
 */
export async function openSecrets(sealed: Uint8Array, key: SealKey): Promise<string> {
  const { Decrypter, armor } = await import('age-encryption');
  const decrypter = new Decrypter();
  try {
    if ('passphrase' in key) decrypter.addPassphrase(key.passphrase);
    else for (const identity of key.identities) decrypter.addIdentity(identity);
  } catch (error) {
    const hint = 'an identity begins with "AGE-SECRET-KEY-1"; age-keygen makes one';
    throw new SecretsError('this is not an age identity', hint, { cause: error });
  }
  const bytes = decoded(sealed, (armored) => armor.decode(armored));
  try {
    return await decrypter.decrypt(bytes, 'text');
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (/no identity|identity|passphrase/i.test(message)) {
      const hint = 'passphrase' in key ? 'check the passphrase' : 'use an identity that they were sealed for';
      throw new SecretsError('the secrets cannot be opened with this key', hint, { cause: error });
    }
    throw new SecretsError('the sealed file is damaged', 'restore it from a backup', { cause: error });
  }
}

function decoded(sealed: Uint8Array, decode: (armored: string) => Uint8Array): Uint8Array {
  const text = Buffer.from(sealed).toString('latin1').trim();
  if (text.startsWith('age-encryption.org/')) return sealed;
  try {
    return decode(text);
  } catch (error) {
    const hint = 'it begins with "-----BEGIN AGE ENCRYPTED FILE-----"; restore it from a backup';
    throw new SecretsError('the sealed file is not an age file', hint, { cause: error });
  }
}

/** The identities in a file of age-keygen. Throws `SecretsError` where there is none. */
export function identitiesIn(text: string): readonly string[] {
  const identities = text.split(/\s+/).filter((word) => /^AGE-SECRET-KEY-/.test(word));
  if (identities.length > 0) return identities;
  throw new SecretsError('this file holds no age identity', 'age-keygen makes one: AGE-SECRET-KEY-1...');
}
