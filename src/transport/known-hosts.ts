import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** One line of a known_hosts file. */
export interface KnownHost {
  /** `@revoked`, `@cert-authority`, or nothing. */
  readonly marker: string;
  readonly type: string;
  /** Base64. */
  readonly key: string;
  /** `file:line`. */
  readonly where: string;
}

/** How an address stands in known_hosts: the port only where it is not ssh's own. */
export function knownHostName(address: string, port: number): string {
  return port === 22 ? address : `[${address}]:${port}`;
}

/**
 * The lines about `name` in known_hosts files, in the order of the files. Format: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT":
 * plain names, lists, wildcards, negations, hashed names and markers. A file that cannot be read has no lines.
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
  if (names === undefined || type === undefined || key === undefined || !isAbout(names, name)) return [];
  return [{ marker, type, key, where: `${file}:${number}` }];
}

function isAbout(patterns: string, name: string): boolean {
  const wanted = name.toLowerCase();
  if (patterns.startsWith('|1|')) return isHashOf(patterns, wanted);
  let found = false;
  for (const pattern of patterns.toLowerCase().split(',')) {
    const refuses = pattern.startsWith('!');
    if (!matches(refuses ? pattern.slice(1) : pattern, wanted)) continue;
    if (refuses) return false;
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
 * Whether a pattern of `*` and `?` is the whole of `name`. Not by a regular expression: one made of a hundred stars takes it
 * longer than a deployment. After a star that was too short, only the last star can be what has to take more.
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
