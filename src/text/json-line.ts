import { UNSEEN } from './visible.ts';

/** Newlines stand between the parts of JSON, and never in its texts. */
const UNSEEN_IN_JSON = new RegExp(`(?!\\n)(?:${UNSEEN.source})`, 'gu');

/**
 * `value` as one line of JSON, without the newline: exact, and with nothing in it that a terminal would obey. What JSON
 * itself lets stand (DEL, C1, characters that turn the direction of text) is escaped as well.
 */
export function jsonLine(value: object): string {
  return escapedJson(JSON.stringify(value));
}

/** The same for JSON that somebody else made, of one line or several. */
export function escapedJson(json: string): string {
  return json.replaceAll(UNSEEN_IN_JSON, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
