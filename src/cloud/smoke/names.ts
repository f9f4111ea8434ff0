import { randomBytes } from 'node:crypto';

/** What the name of everything that a smoke test makes begins with. */
export const PREFIX = 'osha-smoke-';

/** Without those that are mistaken for others. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';

/** A name for one run: eight letters and digits, of 40 bits. */
export function newRunId(): string {
  return [...randomBytes(8)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/** What the names of one run begin with. */
export function prefixOf(run: string): string {
  return `${PREFIX}${run}-`;
}

/** The name of a thing that a run makes. */
export function nameOf(run: string, what: string): string {
  return `${prefixOf(run)}${what}`;
}
