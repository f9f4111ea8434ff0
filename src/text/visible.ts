/** Colours and other looks (SGR sequences), as commands print them: they hide nothing once they are gone. */
// eslint-disable-next-line no-control-regex -- these are what is looked for
export const STYLES = /(?:\u001b\[|\u009b)[\d;:]*m/;

/**
 * What a terminal obeys, or shows as nothing: control characters (C0, DEL, C1), format characters (those that turn the
 * direction of text, have no width, or are tags), separators of lines and paragraphs, and letters that are blank.
 */
export const UNSEEN = /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|\u034f|\u115f|\u1160|\u17b4|\u17b5|\u3164|\uffa0/u;

const STYLES_OR_UNSEEN = new RegExp(`${STYLES.source}|${UNSEEN.source}`, 'gu');
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** What is shown in place of a match of `STYLES` or `UNSEEN`: `\n`, `\x1b`, `\u202e`, `\u{e0001}`, and nothing for a style. */
export function inPlaceOf(found: string): string {
  if (found.endsWith('m')) return '';
  const code = found.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return NAMED[found] ?? `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/** Newlines and tabs, which text of several lines may have. */
export function isLayout(character: string): boolean {
  return character === '\n' || character === '\t';
}

/**
 * Text of one or several lines from anywhere (a host, a file, a person) as it may be shown: styles are dropped, newlines
 * and tabs kept, and every other unseen character is written out. It is meant for eyes: `\x1b` may also be four characters
 * of the text itself. Where it has to be exact, there is `jsonLine`.
 */
export function visible(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(STYLES_OR_UNSEEN, (found) => (isLayout(found) ? found : inPlaceOf(found)));
}

/** The same for a place that has one line, such as a cell or a title: there also newlines and tabs are written out. */
export function visibleInLine(text: string): string {
  return text.replaceAll(STYLES_OR_UNSEEN, inPlaceOf);
}

/** `visible`, behind something else: further lines are indented, so that none of them looks like a message of its own. */
export function visibleBehind(text: string, indent = '    '): string {
  return visible(text.trimEnd()).replaceAll('\n', `\n${indent}`);
}
