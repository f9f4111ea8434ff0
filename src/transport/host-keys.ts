import { createHash, createHmac } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { appendLine } from '../secrets/whole-file.ts';

/** Compares the key that a host presents with the known_hosts files. */
export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown'; readonly shown: string }
  /** Another key is on record, or this key is revoked. `where` is `file:line`, `shown` is type and fingerprint. */
  | { readonly kind: 'changed' | 'revoked'; readonly shown: string; readonly where: string };

const SYSTEM_FILE = '/etc/ssh/ssh_known_hosts';

/** In the order of ssh2. */
const ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
] as const;

type HostKeyAlgorithm = (typeof ALGORITHMS)[number];

/** The files to read, in order: those of the inventory, else the user's, like ssh; then the system's. */
export function knownHostsFiles(configured: readonly string[]): readonly string[] {
  const own = configured.length > 0 ? configured : [join(homedir(), '.ssh', 'known_hosts')];
  return [...new Set([...own, SYSTEM_FILE])];
}

/**
 * The host keys on record for one address and port. A key of the address without a port counts for each port that has no
 * record of its own; revoked without a port means revoked for every port. Host certificates (`@cert-authority`) are not supported.
 */
export class HostKeys {
  readonly files: readonly string[];
  readonly name: string;
  readonly #own: readonly KnownHost[];
  /** On record for the address without a port; empty for port 22. */
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

  /** The algorithms to negotiate: types on record first, so that a host known only by its RSA key still matches. */
  get algorithms(): HostKeyAlgorithm[] {
    const types = (this.#own.length > 0 ? this.#own : this.#portless).map((entry) => entry.type);
    const onRecord = (name: string): boolean =>
      types.includes(name.startsWith('rsa-sha2-') ? 'ssh-rsa' : name);
    return [...ALGORITHMS.filter(onRecord), ...ALGORITHMS.filter((name) => !onRecord(name))];
  }

  /** `key` is the public key in wire format. */
  judge(key: Buffer): HostKeyVerdict {
    const base64 = key.toString('base64');
    const shown = `${typeOf(key)} ${fingerprint(key)}`;
    const revoked = this.#revoked.find((entry) => entry.key === base64);
    if (revoked) return { kind: 'revoked', where: revoked.where, shown };
    if (this.#own.some((entry) => entry.key === base64)) return { kind: 'known' };
    // Also if only a key of another type is on record: a man in the middle could offer exactly that type.
    const other = this.#own.find((entry) => entry.type === typeOf(key)) ?? this.#own[0];
    // Like ssh: a key without a port is trusted for every port, but another key there is no contradiction.
    if (!other && this.#portless.some((entry) => entry.key === base64)) return { kind: 'known' };
    return other ? { kind: 'changed', where: other.where, shown } : { kind: 'unknown', shown };
  }

  /** Records a key in the first file; creates the file and its folder if missing. Throws if it cannot be written. */
  record(key: Buffer): void {
    const [file] = this.files;
    if (file === undefined) return;
    if (!existsSync(dirname(file))) mkdirSync(dirname(file), { mode: 0o700 });
    appendLine(file, `${this.name} ${typeOf(key)} ${key.toString('base64')}`, 0o600);
  }
}

/** The first field of a public key in wire format is its type (RFC 4253, section 6.6). */
function typeOf(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
}

/** In the format of `ssh-keygen -l`. */
function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** One line of a known_hosts file. */
interface KnownHost {
  /** `@revoked`, `@cert-authority`, or empty. */
  readonly marker: string;
  readonly type: string;
  /** Base64. */
  readonly key: string;
  /** `file:line`. */
  readonly where: string;
}

/** The address as written in known_hosts, with the port unless it is 22. */
export function knownHostName(address: string, port: number): string {
  return port === 22 ? address : `[${address}]:${port}`;
}

/**
 * The lines of known_hosts files that match `name`, in the order of the files. Format: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT":
 * plain names, lists, wildcards, negations, hashed names and markers. An unreadable file counts as empty.
 */
export function knownHosts(files: readonly string[], name: string): readonly KnownHost[] {
  return files.flatMap((file) => linesOf(file).flatMap((line, index) => parse(line, name, file, index + 1)));
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function parse(line: string, name: string, file: string, number: number): readonly KnownHost[] {
  const fields = line.trim().split(/\s+/);
  if (fields[0] === undefined || fields[0].startsWith('#')) return [];
  const marker = fields[0].startsWith('@') ? (fields.shift() ?? '') : '';
  const [names, type, key] = fields;
  if (names === undefined || type === undefined || key === undefined || !matchesAny(names, name)) return [];
  return [{ marker, type, key, where: `${file}:${number}` }];
}

function matchesAny(patterns: string, name: string): boolean {
  const wanted = name.toLowerCase();
  if (patterns.startsWith('|1|')) return isHashOf(patterns, wanted);
  let found = false;
  for (const pattern of patterns.toLowerCase().split(',')) {
    const isNegated = pattern.startsWith('!');
    if (!matches(isNegated ? pattern.slice(1) : pattern, wanted)) continue;
    if (isNegated) return false;
    found = true;
  }
  return found;
}

/** `|1|SALT|HASH`: the HMAC-SHA1 of the name under the salt. */
function isHashOf(hashed: string, name: string): boolean {
  const [, , salt, hash] = hashed.split('|');
  if (salt === undefined || hash === undefined) return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

/**
 * Whether a pattern of `*` and `?` matches all of `name`. Not a regular expression, which a hundred stars would keep busy for
 * hours: on a mismatch, only the last star has to be extended.
 */
function matches(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let taken = 0;
  let i = 0;
  while (i < name.length) {
    if (pattern[at] === '*') {
      star = at;
      taken = i;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[i])) {
      at += 1;
      i += 1;
    } else if (star >= 0) {
      at = star + 1;
      taken += 1;
      i = taken;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}
