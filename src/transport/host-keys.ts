import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { appendLine } from '../secrets/whole-file.ts';
import { knownHostName, knownHosts, type KnownHost } from './known-hosts.ts';

/** What the known_hosts files say of a key that a host shows. */
export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown'; readonly shown: string }
  /** Another key is on record, or this very key was revoked. `where` is `file:line`, `shown` type and fingerprint. */
  | { readonly kind: 'changed' | 'revoked'; readonly shown: string; readonly where: string };

const SYSTEM_FILE = '/etc/ssh/ssh_known_hosts';

/** In ssh2's own order; what a host is asked for when nothing is known of it. */
const ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
] as const;

/** A name of a host key algorithm. */
export type HostKeyAlgorithm = (typeof ALGORITHMS)[number];

/** Files that are read, in order: those of the inventory, else the user's own as ssh does; then the system's. */
export function knownHostsFiles(configured: readonly string[]): readonly string[] {
  const own = configured.length > 0 ? configured : [join(homedir(), '.ssh', 'known_hosts')];
  return [...new Set([...own, SYSTEM_FILE])];
}

/**
 * The host keys on record for one address and port. What is on record for the address alone counts for every port where nothing
 * is on record for the port, and what is revoked for it is revoked for every port. Keys signed by a certificate authority are not understood.
 */
export class HostKeys {
  readonly files: readonly string[];
  readonly name: string;
  readonly #own: readonly KnownHost[];
  /** On record for the address without a port, where another port than 22 is meant. */
  readonly #portless: readonly KnownHost[];
  readonly #revoked: readonly KnownHost[];

  constructor(files: readonly string[], address: string, port: number) {
    this.files = files;
    this.name = knownHostName(address, port);
    const known = knownHosts(files, this.name);
    const portless = port === 22 ? [] : knownHosts(files, address);
    this.#own = known.filter((entry) => entry.marker === '');
    this.#portless = portless.filter((entry) => entry.marker === '');
    this.#revoked = [...known, ...portless].filter((entry) => entry.marker === '@revoked');
  }

  /** What to ask the host for: first the kinds of key on record, so that a host known only by its RSA key still matches. */
  get algorithms(): HostKeyAlgorithm[] {
    const types = (this.#own.length > 0 ? this.#own : this.#portless).map((entry) => entry.type);
    const onRecord = (name: string): boolean =>
      types.includes(name.startsWith('rsa-sha2-') ? 'ssh-rsa' : name);
    return [...ALGORITHMS.filter(onRecord), ...ALGORITHMS.filter((name) => !onRecord(name))];
  }

  /** `key` is the public key as it goes over the wire. */
  judge(key: Buffer): HostKeyVerdict {
    const base64 = key.toString('base64');
    const shown = `${typeOf(key)} ${fingerprint(key)}`;
    const revoked = this.#revoked.find((entry) => entry.key === base64);
    if (revoked) return { kind: 'revoked', where: revoked.where, shown };
    if (this.#own.some((entry) => entry.key === base64)) return { kind: 'known' };
    // Also where only a key of another type is on record: whoever sits in between could offer just that type.
    const other = this.#own.find((entry) => entry.type === typeOf(key)) ?? this.#own[0];
    // As ssh does: a key without a port vouches for every port, and says nothing where another one is shown.
    if (!other && this.#portless.some((entry) => entry.key === base64)) return { kind: 'known' };
    return other ? { kind: 'changed', where: other.where, shown } : { kind: 'unknown', shown };
  }

  /** Puts a key on record in the first file, which is made, with its folder, where it is missing. Throws when it cannot be written. */
  record(key: Buffer): void {
    const [file] = this.files;
    if (file === undefined) return;
    if (!existsSync(dirname(file))) mkdirSync(dirname(file), { mode: 0o700 });
    appendLine(file, `${this.name} ${typeOf(key)} ${key.toString('base64')}`, 0o600);
  }
}

/** The first field of a public key on the wire is its type (RFC 4253, section 6.6). */
function typeOf(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
}

/** As `ssh-keygen -l` prints it. */
function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}
