import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConnectError } from './errors.ts';

/** A private key that can be offered as it is. */
export interface Identity {
  readonly file: string;
  readonly key: Buffer;
}

/** Private keys to offer, and those that only an agent can use. */
export interface Identities {
  readonly usable: readonly Identity[];
  readonly encrypted: readonly string[];
}

/**
 * The inventory's key, else the user's own ones as ssh takes them. Throws a `ConnectError` for the inventory's key when
 * it cannot be read or is no private key.
 */
export function identitiesOf(configured: string | undefined): Identities {
  const files =
    configured === undefined
      ? ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name)).filter(existsSync)
      : [configured];
  const usable: Identity[] = [];
  const encrypted: string[] = [];
  for (const file of files) {
    const key = read(file, configured !== undefined);
    if (key === undefined) continue;
    if (isEncrypted(key)) encrypted.push(file);
    else usable.push({ file, key });
  }
  return { usable, encrypted };
}

/** The error for a key that has a passphrase, where no agent can be asked to use it. */
export function encryptedIdentity(file: string): ConnectError {
  return new ConnectError(
    'identity-unreadable',
    `the key ${file} has a passphrase, and there is no agent that holds it`,
    `put it into an agent, then try again: eval "$(ssh-agent)"; ssh-add ${file}`,
  );
}

function read(file: string, required: boolean): Buffer | undefined {
  let key: Buffer;
  try {
    key = readFileSync(file);
  } catch (cause) {
    if (!required) return undefined;
    throw new ConnectError(
      'identity-unreadable',
      `the key ${file} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`,
      'correct ssh.identity in the inventory, or the permissions of the file',
      { cause },
    );
  }
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key.toString('latin1'))) return key;
  if (!required) return undefined;
  throw new ConnectError(
    'identity-unreadable',
    `${file} is not a private key`,
    'ssh.identity has to name the private key, the file without .pub',
  );
}

/** Either one of the PEM headers, or a cipher other than "none" in OpenSSH's own format (its PROTOCOL.key). */
function isEncrypted(key: Buffer): boolean {
  const pem = key.toString('latin1');
  if (/Proc-Type: 4,ENCRYPTED|BEGIN ENCRYPTED PRIVATE KEY/.test(pem)) return true;
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(pem)?.[1];
  if (body === undefined) return false;
  const bytes = Buffer.from(body, 'base64');
  const cipherAt = 'openssh-key-v1\0'.length;
  return !bytes
    .subarray(cipherAt + 4)
    .toString('latin1')
    .startsWith('none');
}
