import { UNSEEN } from '../text/visible.ts';
import { formsOf } from './encoded-forms.ts';
import { maskOf, type Secret } from './secret.ts';
import { SecretForms, type Found } from './secret-forms.ts';

/** Puts each secret's mask in place of its value, in any text. */
export interface Masker {
  (text: string): string;
  /** From now on these are masked as well, with all that is derived from them. */
  readonly learn: (secrets: readonly Secret[]) => void;
}

/** `text` so that a regular expression takes it literally. */
export function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Control sequences (CSI and OSC of ECMA-48), and characters that nobody sees: what can stand inside of a value that is read. */
const JUNK = new RegExp(
  `(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]|\\u001b\\][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)|(?![\\n\\t])(?:${UNSEEN.source})`,
  'gu',
);
/** Where a line ends and the next one begins. */
const BREAK = /\n[ \t]*/g;
const JUNK_OR_BREAK = new RegExp(`${JUNK.source}|${BREAK.source}`, 'gu');
/** Text in which nothing is unseen, as most is. */
const PLAIN = /^[\t\n -~]*$/;
/** A shorter form may be found by chance where two lines meet. */
const SHORTEST_BROKEN = 16;

/**
 * A function that puts each secret's mask in place of its value, and of what base64, hex, URLs, JSON, PEM and the like make
 * of values of at least 8 characters. For whatever a command printed or an error says, before anybody sees it. Values are
 * found as they are read: also with escape sequences or unseen characters inside, and those of 16 characters and more
 * also broken over lines. A value cut in two (by chunks of output) is not found: mask whole lines. Takes time in
 * proportion to the text.
 */
export function createMasker(secrets: readonly Secret[]): Masker {
  const known = new Set(secrets);
  const forms = new SecretForms();
  const added = new Set<Secret>();
  /** How many secrets were known when their forms were added last. */
  let size = -1;
  const current = (): SecretForms => {
    let now = known.size;
    for (const { family } of known) now += family.size;
    if (now === size) return forms;
    size = now;
    for (const secret of [...known].flatMap(({ family }) => [...family])) {
      if (added.has(secret)) continue;
      added.add(secret);
      for (const form of formsOf(secret.reveal())) forms.add(form, maskOf(secret.name));
    }
    return forms;
  };
  const mask = (text: string): string => {
    const all = current();
    const isPlain = PLAIN.test(text);
    const once = replaced(text, isPlain ? undefined : JUNK, (readable) => all.in(readable));
    if (!once.includes('\n')) return once;
    return replaced(once, isPlain ? BREAK : JUNK_OR_BREAK, (readable) => all.in(readable, SHORTEST_BROKEN));
  };
  return Object.assign(mask, {
    learn: (more: readonly Secret[]) => {
      for (const secret of more) known.add(secret);
    },
  });
}

/** `text` with masks where `find` sees something in it once it is without `junk`; junk elsewhere stays. */
function replaced(
  text: string,
  junk: RegExp | undefined,
  find: (readable: string) => readonly Found[],
): string {
  const pieces: string[] = [];
  /** Where each piece begins, in what is readable and in the text. */
  const starts: { readonly readable: number; readonly text: number }[] = [];
  let at = 0;
  let length = 0;
  const keep = (from: number, to: number): void => {
    if (to <= from) return;
    pieces.push(text.slice(from, to));
    starts.push({ readable: length, text: from });
    length += to - from;
  };
  for (const match of junk === undefined ? [] : text.matchAll(junk)) {
    keep(at, match.index);
    at = match.index + match[0].length;
  }
  keep(at, text.length);
  const found = find(pieces.join(''));
  if (found.length === 0) return text;
  let piece = 0;
  const placeOf = (readable: number): number => {
    while ((starts[piece + 1]?.readable ?? Infinity) <= readable) piece += 1;
    const start = starts[piece];
    return start ? start.text + readable - start.readable : 0;
  };
  let masked = '';
  let end = 0;
  for (const { from, to, mask } of found) {
    masked += text.slice(end, placeOf(from)) + mask;
    end = placeOf(to - 1) + 1;
  }
  return masked + text.slice(end);
}
