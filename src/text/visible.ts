/** Styles (SGR sequences) in the output of commands: removing them hides nothing. */
// eslint-disable-next-line no-control-regex -- these are what is looked for
export const STYLES = /(?:\u001b\[|\u009b)[\d;:]*m/;

/**
 * Characters that a terminal obeys or does not show: control characters (C0, DEL, C1), format characters (which change the
 * direction of text, have no width, or are tags), line and paragraph separators, and blank letters.
 */
export const UNSEEN = /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|\u034f|\u115f|\u1160|\u17b4|\u17b5|\u3164|\uffa0/u;

const STYLES_OR_UNSEEN = new RegExp(`${STYLES.source}|${UNSEEN.source}`, 'gu');
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The replacement for a match of `STYLES` or `UNSEEN`: `\n`, `\x1b`, `\u202e`, `\u{e0001}`, and nothing for a style. */
export function inPlaceOf(found: string): string {
  if (found.endsWith('m')) return '';
  const code = found.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return NAMED[found] ?? `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/** Whether it is a newline or a tab, which text of several lines may contain. */
export function isLayout(character: string): boolean {
  return character === '\n' || character === '\t';
}

/**
 * Untrusted text (from a host, a file, a person) made safe to show: styles are removed, newlines and tabs kept, all other
 * unseen characters escaped. Not reversible: `\x1b` may also be four characters of the text. Use `jsonLine` for exact text.
 */
export function visible(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(STYLES_OR_UNSEEN, (found) => (isLayout(found) ? found : inPlaceOf(found)));
}

/** The same for a single line, such as a cell or a title: newlines and tabs are escaped, too. */
export function visibleInLine(text: string): string {
  return text.replaceAll(STYLES_OR_UNSEEN, inPlaceOf);
}

/** `visible` for text that follows a label: further lines are indented, so that none looks like a separate message. */
export function visibleBehind(text: string, indent = '    '): string {
  return visible(text.trimEnd()).replaceAll('\n', `\n${indent}`);
}

/** All but newlines, which are only between the tokens of JSON and never in its strings. */
const UNSEEN_IN_JSON = new RegExp(`(?!\\n)(?:${UNSEEN.source})`, 'gu');

/**
 * `value` as one line of JSON, without a newline: exact, and safe on a terminal. Characters that JSON does not require to be
 * escaped (DEL, C1, those that change the direction of text) are escaped, too.
 */
export function jsonLine(value: object): string {
  return escapedJson(JSON.stringify(value));
}

/** The same for existing JSON of one or several lines. */
export function escapedJson(json: string): string {
  return json.replaceAll(UNSEEN_IN_JSON, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
