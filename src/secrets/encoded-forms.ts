import { Buffer } from 'node:buffer';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readPrivateKey } from './private-key.ts';

/** Below this, an encoded form is too short to be told from ordinary text. */
const SHORTEST_ENCODED = 8;

/** Columns at which base64 is broken: those of PEM and OpenSSL, and those of MIME and coreutils. */
const COLUMNS = [64, 76];

/**
 * What base64 makes of `bytes` inside of a longer text, whatever stands before and after them ("user:VALUE"): one form
 * for each of the three ways in which they can fall on base64's groups of three bytes, less the characters at both ends
 * that depend on the neighbours.
 */
function base64Cores(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const start = Math.ceil((shift * 8) / 6);
    const end = Math.floor(((shift + bytes.length) * 8) / 6);
    return encoded.slice(start, end);
  });
}

/** Base64 of a key as a whole, and line by line as it is printed. */
function brokenBase64(der: Buffer): readonly string[] {
  const base64 = der.toString('base64');
  const lines = COLUMNS.flatMap((columns) => base64.match(new RegExp(`.{1,${columns}}`, 'g')) ?? []);
  // A short last line could be anything.
  return [base64, ...lines.filter((line) => line.length >= SHORTEST_ENCODED)];
}

/** From this length on, a value of base64url may be a key. */
const SHORTEST_KEY = 512;

function keyIn(value: string): KeyObject | undefined {
  if (value.length >= SHORTEST_KEY && /^[A-Za-z0-9_-]+$/.test(value)) return readPrivateKey(value);
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value)) return undefined;
  try {
    return createPrivateKey(value);
  } catch {
    return undefined;
  }
}

/** A private key in each of the forms that PEM has for it (PKCS#8, PKCS#1, SEC 1). */
function keyForms(value: string): readonly string[] {
  const key = keyIn(value);
  if (key === undefined) return [];
  const own = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : key.asymmetricKeyType === 'ec' ? 'sec1' : undefined;
  return [
    ...brokenBase64(key.export({ type: 'pkcs8', format: 'der' })),
    ...(own === undefined ? [] : brokenBase64(key.export({ type: own, format: 'der' }))),
  ];
}

/** The lines of a value that has several, but those that every such value has. */
function linesOf(value: string): readonly string[] {
  if (!value.includes('\n')) return [];
  return value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_ENCODED && !line.startsWith('-----'));
}

/** `value` and, where it has at least 8 characters, what encodings make of it: base64 (also twice), hex, UTF-16, URLs, JSON, PEM. */
export function formsOf(value: string): readonly string[] {
  if (value === '') return [];
  if (value.length < SHORTEST_ENCODED) return [value];
  const bytes = Buffer.from(value, 'utf8');
  const cores = [bytes.toString('base64'), ...base64Cores(bytes)];
  const base64 = [
    ...cores,
    ...cores.flatMap((core) => base64Cores(Buffer.from(core))),
    ...base64Cores(Buffer.from(value, 'utf16le')),
    ...base64Cores(Buffer.from(value, 'utf16le').swap16()),
  ];
  const urlSafe = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  const hex = bytes.toString('hex');
  const escaped = JSON.stringify(value).slice(1, -1);
  return [
    value,
    escaped,
    encodeURIComponent(value),
    hex,
    hex.toUpperCase(),
    ...base64,
    ...urlSafe,
    ...keyForms(value),
    ...linesOf(value),
  ];
}
