/** Texts that a terminal would obey or misshow, by what they try, with a piece of each that must reach no output. */
export const HOSTILE: Readonly<Record<string, readonly [text: string, live: string]>> = {
  'clear the screen': ['a\u001b[2Jb', '\u001b[2J'],
  'set the title': ['a\u001b]0;mine\u0007b', '\u001b]'],
  'write the clipboard': ['a\u001b]52;c;cm0gLXJm\u001b\\b', '\u001b]52'],
  'ask for an answer': ['a\u001b[6nb', '\u001b[6n'],
  'reset the terminal': ['a\u001bcb', '\u001bc'],
  'use C1 instead of ESC': ['a\u009b2Jb', '\u009b'],
  'write over the line': ['bad\rgood', 'bad\r'],
  'take characters back': ['bad\b\b\bok', '\b'],
  'delete with DEL': ['a\u007fb', '\u007f'],
  'end a C string': ['a\u0000b', '\u0000'],
  'turn the direction of text': ['a\u202Egpj.exe', '\u202e'],
  'isolate a direction of text': ['a\u2067b\u2069', '\u2067'],
  'hide in zero width': ['a\u200bb\ufeffc', '\u200b'],
  'hide in tags': ['a\u{e0041}b', '\u{e0041}'],
  'separate lines': ['a\u2028b\u2029c', '\u2028'],
  'grow out of a style that is dropped': ['a\u001b[\u001b[0m2Jb', '\u001b[2J'],
  'look like osha in green': ['a\u001b[32mok\u001b[39m', '\u001b[32mok'],
};

/** All of them in one line. */
export const ALL_HOSTILE = Object.values(HOSTILE)
  .map(([text]) => text)
  .join(' ');

/** What no output may hold: everything unseen but newlines and tabs. */
export const LIVE = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** `value`, plain data, with something hostile behind every text but those that `keep` says. */
export function madeHostile<Value>(value: Value, hostile: string, keep: (key: string) => boolean): Value {
  const made = (item: unknown, key: string): unknown => {
    if (typeof item === 'string') return keep(key) ? item : `${item} ${hostile}`;
    if (Array.isArray(item)) return item.map((inner) => made(inner, key));
    if (typeof item === 'object' && item !== null) {
      return Object.fromEntries(Object.entries(item).map(([name, inner]) => [name, made(inner, name)]));
    }
    return item;
  };
  return made(value, '') as Value;
}
