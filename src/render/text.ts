import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

/** The columns of `text` on a terminal: none for styles and combining marks, two for CJK and emoji. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** User-perceived characters (grapheme clusters). */
function charactersOf(text: string): readonly string[] {
  return [...GRAPHEMES.segment(text)].map(({ segment }) => segment);
}

/** `text` padded with spaces to `width` columns. */
export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** `text` as it is if it fits into `width` columns, else without styles and cut with an ellipsis. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = '';
  let taken = 0;
  for (const character of charactersOf(stripVTControlCharacters(text))) {
    const wide = widthOf(character);
    if (taken + wide > width - 1) break;
    cut += character;
    taken += wide;
  }
  return width > 0 ? `${cut}…` : '';
}

/** `text` as lines of at most `width` columns, broken between words, and inside of longer words. */
export function wrapTo(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, Math.max(1, width)));
}

function wrapLine(line: string, width: number): readonly string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const joined = current === '' ? word : `${current} ${word}`;
    if (widthOf(joined) <= width) {
      current = joined;
      continue;
    }
    if (current !== '') lines.push(current);
    current = word;
    while (widthOf(current) > width) {
      const [head, tail] = splitAt(current, width);
      lines.push(head);
      current = tail;
    }
  }
  lines.push(current);
  return lines;
}

function splitAt(word: string, width: number): readonly [string, string] {
  let taken = 0;
  let head = '';
  for (const character of charactersOf(word)) {
    const wide = widthOf(character);
    if (head !== '' && taken + wide > width) break;
    taken += wide;
    head += character;
  }
  return [head, word.slice(head.length)];
}

/** Milliseconds in words: "0.3 s", "12 s", "3 min 20 s", "1 h 5 min". */
export function duration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "1 host", "3 hosts". */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}

/** Names separated by commas; beyond `limit`, the number of the others. */
export function listOf(names: readonly string[], limit = 8): string {
  if (names.length <= limit) return names.join(', ');
  return `${names.slice(0, limit - 1).join(', ')} and ${names.length - limit + 1} more`;
}

/** `text` with `prefix` before each line that is not empty. */
export function indented(text: string, prefix: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : prefix + line))
    .join('\n');
}
