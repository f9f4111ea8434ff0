import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import type { Destination } from './connect-failure.ts';
import { ConnectError } from './errors.ts';

type Keys = Pick<Destination, 'identity' | 'identityFiles'>;

/** A private key that can be offered as it is. */
export interface Identity {
  readonly file: string;
  readonly key: Buffer;
}

/** A file that cannot be offered as it is. `why` goes on with the sentence: "has a passphrase". */
export interface SkippedKey {
  readonly file: string;
  readonly why: string;
}

/** Private keys to offer, and what else was found. */
export interface Identities {
  readonly usable: readonly Identity[];
  readonly skipped: readonly SkippedKey[];
  /** Certificates beside these files (`-cert.pub`), which the library for SSH cannot offer. */
  readonly certificates: readonly string[];
  /** The public keys of all these files, as they go over the wire, where they are known without a passphrase. */
  readonly publicKeys: readonly Buffer[];
}

/**
 * The inventory's key, else those of ssh's configuration, else the user's own ones as ssh takes them. Throws a
 * `ConnectError` for the inventory's key when it cannot be read or is no private key; ssh's configuration may name keys that
 * are not there.
 */
export function identitiesOf({ identity, identityFiles }: Keys): Identities {
  const own = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name));
  const files = identity === undefined ? (identityFiles ?? own.filter(existsSync)) : [identity];
  const usable: Identity[] = [];
  const skipped: SkippedKey[] = [];
  for (const file of files) {
    const found = read(file);
    if (identity !== undefined && 'failure' in found) throw found.failure;
    if ('why' in found) skipped.push({ file, why: found.why });
    else usable.push({ file, key: found.key });
  }
  const certificates = files.map((file) => `${file}-cert.pub`).filter((file) => existsSync(file));
  return { usable, skipped, certificates, publicKeys: files.flatMap((file) => publicKeyOf(file) ?? []) };
}

/** The error for a key that has a passphrase, where no agent can be asked to use it. */
export function encryptedIdentity(file: string): ConnectError {
  return new ConnectError(
    'identity-unreadable',
    `the key ${file} has a passphrase, and there is no agent that holds it`,
    `put it into an agent, then try again: eval "$(ssh-agent)"; ssh-add ${file}`,
  );
}

/** A key to offer, or why not; a `failure` where no agent could make up for it. */
type Found =
  | { readonly key: Buffer }
  | { readonly why: string }
  | { readonly why: string; readonly failure: ConnectError };

function read(file: string): Found {
  let key: Buffer;
  try {
    key = readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    const failure = new ConnectError(
      'identity-unreadable',
      `the key ${file} cannot be read: ${code}`,
      'correct ssh.identity in the inventory, or the permissions of the file',
      { cause },
    );
    return { why: code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`, failure };
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key.toString('latin1'))) {
    const failure = new ConnectError(
      'identity-unreadable',
      `${file} is not a private key`,
      'ssh.identity has to name the private key, the file without .pub',
    );
    return { why: 'is not a private key', failure };
  }
  const open = openTo(file);
  if (open !== undefined) {
    const failure = new ConnectError(
      'identity-unreadable',
      `the key ${file} ${open}`,
      `ssh does not take it either: chmod 600 ${file}`,
    );
    return { why: open, failure };
  }
  return isEncrypted(key) ? { why: 'has a passphrase' } : (damaged(file, key) ?? { key });
}

/** As ssh judges it: a key of one's own that others can read is not to be used. */
function openTo(file: string): string | undefined {
  const { mode, uid } = statSync(file);
  if (uid !== process.getuid?.() || (mode & 0o077) === 0) return undefined;
  return `can be read by others (mode ${(mode & 0o777).toString(8)})`;
}

function damaged(file: string, key: Buffer): Found | undefined {
  const parsed = ssh2.utils.parseKey(key);
  if (!(parsed instanceof Error)) return undefined;
  const failure = new ConnectError(
    'identity-unreadable',
    `the key ${file} is damaged, or of a kind that osha does not know`,
    `see what ssh makes of it: ssh-keygen -y -f ${file}`,
    { cause: parsed },
  );
  return { why: 'is damaged, or of a kind that osha does not know', failure };
}

/** The bytes of OpenSSH's own format (its PROTOCOL.key), where the key is in it. */
function openSshKey(pem: string): Buffer | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(pem)?.[1];
  return body === undefined ? undefined : Buffer.from(body, 'base64');
}

/** Either one of the PEM headers, or a cipher other than "none" in OpenSSH's own format. */
function isEncrypted(key: Buffer): boolean {
  const pem = key.toString('latin1');
  if (/Proc-Type: 4,ENCRYPTED|BEGIN ENCRYPTED PRIVATE KEY/.test(pem)) return true;
  const bytes = openSshKey(pem);
  return bytes !== undefined && fieldsOf(bytes, MAGIC.length)[0]?.toString('latin1') !== 'none';
}

const MAGIC = 'openssh-key-v1\0';

/** As ssh does it: `file` may be a public key itself, or hold it in the clear, or have it beside it in `file.pub`. */
function publicKeyOf(file: string): Buffer | undefined {
  for (const path of [file, `${file}.pub`]) {
    try {
      const text = readFileSync(path, 'latin1');
      const line = /^(?:ssh-|ecdsa-|sk-)\S+\s+(\S+)/.exec(text)?.[1];
      if (line !== undefined) return Buffer.from(line, 'base64');
      const bytes = openSshKey(text);
      // Cipher, its derivation and that one's options; how many keys (4 bytes); the public key.
      const [cipher, derivation, settings] = bytes ? fieldsOf(bytes, MAGIC.length) : [];
      if (!bytes || !cipher || !derivation || !settings) continue;
      const at = MAGIC.length + 12 + cipher.length + derivation.length + settings.length + 4;
      const [publicKey] = fieldsOf(bytes, at);
      if (publicKey) return publicKey;
    } catch {
      // Not there, or not to be read: whoever reads the key itself says so.
    }
  }
  return undefined;
}

/** Up to three fields from `at` on, each with its length before it (4 bytes). Stops where they are cut off. */
function fieldsOf(bytes: Buffer, at: number): readonly Buffer[] {
  const fields: Buffer[] = [];
  let from = at;
  while (fields.length < 3 && from + 4 <= bytes.length) {
    const end = from + 4 + bytes.readUInt32BE(from);
    if (end > bytes.length) break;
    fields.push(bytes.subarray(from + 4, end));
    from = end;
  }
  return fields;
}
