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

/** `value` and, where it has at least 8 characters, what base64, URLs and JSON make of it. */
export function formsOf(value: string): readonly string[] {
  if (value === '') return [];
  if (value.length < SHORTEST_ENCODED) return [value];
  const base64 = [Buffer.from(value, 'utf8').toString('base64'), ...base64Cores(value)];
  const urlSafe = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  const escaped = JSON.stringify(value).slice(1, -1);
  return [value, escaped, encodeURIComponent(value), ...base64, ...urlSafe];
}
