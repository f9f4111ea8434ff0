import { Buffer } from 'node:buffer';

/** Below this, an encoded form is too short to be told from ordinary text. */
const SHORTEST_ENCODED = 8;

/**
 * What base64 makes of `value` inside of a longer text, whatever stands before and after it ("user:VALUE"): one form
 * for each of the three ways in which it can fall on base64's groups of three bytes, less the characters at both ends
 * that depend on the neighbours.
 */
function base64Cores(value: string): readonly string[] {
  const bytes = Buffer.from(value, 'utf8');
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const start = Math.ceil((shift * 8) / 6);
    const end = Math.floor(((shift + bytes.length) * 8) / 6);
    return encoded.slice(start, end);
  });
}

/** From this length on, a value of base64url may be a key, and be printed as PEM: lines of 64 characters. */
const SHORTEST_KEY = 512;
const PEM_LINE = /.{1,64}/g;

/** What a key in base64url looks like in plain base64, and line by line in PEM. */
function pemForms(value: string): readonly string[] {
  if (value.length < SHORTEST_KEY || !/^[A-Za-z0-9_-]+$/.test(value)) return [];
  const base64 = value.replaceAll('-', '+').replaceAll('_', '/');
  // A short last line could be anything.
  return [base64, ...(base64.match(PEM_LINE) ?? []).filter((line) => line.length >= SHORTEST_ENCODED)];
}

/** `value` and, where it has at least 8 characters, what base64, URLs and JSON make of it. */
export function formsOf(value: string): readonly string[] {
  if (value === '') return [];
  if (value.length < SHORTEST_ENCODED) return [value];
  const base64 = [Buffer.from(value, 'utf8').toString('base64'), ...base64Cores(value)];
  const urlSafe = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  const escaped = JSON.stringify(value).slice(1, -1);
  return [value, escaped, encodeURIComponent(value), ...base64, ...urlSafe, ...pemForms(value)];
}
