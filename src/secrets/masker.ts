import { UNSEEN } from '../text/visible.ts';
import { maskOf, type Secret } from './secret.ts';
import { Buffer } from 'node:buffer';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readPrivateKey } from './private-key.ts';

/** Puts each secret's mask in place of its value, in any text. */
export interface Masker {
  (text: string): string;
  /** From now on these are masked as well, with all that is derived from them. */
  readonly learn: (secrets: readonly Secret[]) => void;
}

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

/** Characters of a form by which it is looked up; a shorter one is compared as it is. */
const GRAM = 4;

/** A place in a text, and what is to stand there. */
interface Found {
  readonly from: number;
  readonly to: number;
  readonly mask: string;
}

function slotOf(text: string, at: number): number {
  const [a, b, c, d] = [0, 1, 2, 3].map((offset) => text.charCodeAt(at + offset));
  return slot(a ?? 0, b ?? 0, c ?? 0, d ?? 0);
}

function slot(a: number, b: number, c: number, d: number): number {
  return (((a * 31 + b) * 31 + c) * 31 + d) & 0xffff;
}

/**
 * Texts that stand for secrets, and where they are in another text. An index and not one regular expression: dozens of
 * secrets have more than a thousand forms, of which a regular expression tries each at every place.
 */
class SecretForms {
  readonly #masks = new Map<string, string>();
  /** By their first characters, the longest first: one value can be the beginning of another. */
  readonly #byGram = new Map<string, string[]>();
  /** Whether anything begins with characters of that slot. */
  readonly #begins = new Uint8Array(0x10000);
  readonly #short: string[] = [];

  /** The first mask of a form counts. */
  add(form: string, mask: string): void {
    if (form === '' || this.#masks.has(form)) return;
    this.#masks.set(form, mask);
    if (form.length < GRAM) {
      this.#short.push(form);
      return;
    }
    const gram = form.slice(0, GRAM);
    const others = this.#byGram.get(gram) ?? [];
    this.#byGram.set(
      gram,
      [...others, form].sort((a, b) => b.length - a.length),
    );
    this.#begins[slotOf(form, 0)] = 1;
  }

  /** Every form of at least `shortest` characters in `text`, in order and apart. Takes time in proportion to the text. */
  in(text: string, shortest = 0): readonly Found[] {
    const found: Found[] = [];
    let [a, b, c] = [text.charCodeAt(0), text.charCodeAt(1), text.charCodeAt(2)];
    for (let at = 0; at < text.length; at += 1) {
      const d = text.charCodeAt(at + 3);
      const form = this.#begins[slot(a, b, c, d)] === 1 ? this.#formAt(text, at) : undefined;
      const whole = form ?? this.#short.find((short) => text.startsWith(short, at));
      if (whole !== undefined && whole.length >= shortest) {
        found.push({ from: at, to: at + whole.length, mask: this.#masks.get(whole) ?? '' });
        at += whole.length - 1;
        [a, b, c] = [text.charCodeAt(at + 1), text.charCodeAt(at + 2), text.charCodeAt(at + 3)];
      } else {
        a = b;
        b = c;
        c = d;
      }
    }
    return found;
  }

  #formAt(text: string, at: number): string | undefined {
    return this.#byGram.get(text.slice(at, at + GRAM))?.find((form) => text.startsWith(form, at));
  }
}

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
function formsOf(value: string): readonly string[] {
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
