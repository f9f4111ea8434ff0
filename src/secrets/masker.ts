import { UNSEEN } from '../text/visible.ts';
import { maskOf, type Secret } from './secret.ts';
import { Buffer } from 'node:buffer';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readPrivateKey } from './private-key.ts';

/** Puts each secret's mask in place of its value, in any text. */
export interface Masker {
  (text: string): string;
  /** From now on masks these as well, with everything derived from them. */
  readonly learn: (secrets: readonly Secret[]) => void;
}

/**
 * A function that replaces each secret's value by its mask, and also the encoded forms (base64, hex, URLs, JSON, PEM
 * and similar) of values of at least 8 characters. For all output of commands and errors, before it is shown. Values
 * are also found with escape sequences or invisible characters inside, and those of 16 characters and more also across
 * line breaks. A value cut in two (by chunks of output) is not found: mask whole lines. Takes time in proportion to the
 * text.
 */
export function createMasker(secrets: readonly Secret[]): Masker {
  const known = new Set(secrets);
  const forms = new SecretForms();
  const added = new Set<Secret>();
  /** The number of known secrets when their forms were last added. */
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

/** `text` escaped for a regular expression. */
export function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Control sequences (CSI and OSC of ECMA-48), and invisible characters, which can occur inside a value. */
const JUNK = new RegExp(
  `(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]|\\u001b\\][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)|(?![\\n\\t])(?:${UNSEEN.source})`,
  'gu',
);

/** Where a line ends and the next one begins. */
const BREAK = /\n[ \t]*/g;

const JUNK_OR_BREAK = new RegExp(`${JUNK.source}|${BREAK.source}`, 'gu');

/** Text without invisible characters, the common case. */
const PLAIN = /^[\t\n -~]*$/;

/** A shorter form may occur by chance across a line break. */
const SHORTEST_BROKEN = 16;

/** `text` with masks where `find` matches after removal of `junk`; junk elsewhere is kept. */
function replaced(
  text: string,
  junk: RegExp | undefined,
  find: (readable: string) => readonly Found[],
): string {
  const pieces: string[] = [];
  /** The start of each piece, in the readable text and in the original. */
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

/** Leading characters of a form that index it; shorter forms are compared directly. */
const GRAM = 4;

/** A range of a text, and its replacement. */
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
 * The forms of secrets, and a search for them in a text. An index instead of one regular expression: dozens of secrets
 * have more than a thousand forms, and a regular expression would try each at every position.
 */
class SecretForms {
  readonly #masks = new Map<string, string>();
  /** By their first characters, the longest first: one value can be a prefix of another. */
  readonly #byGram = new Map<string, string[]>();
  /** Whether any form begins with characters of that slot. */
  readonly #begins = new Uint8Array(0x10000);
  readonly #short: string[] = [];

  /** The first mask of a form is kept. */
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

  /**
   * Every form of at least `shortest` characters in `text`, in order, without overlaps. Takes time in proportion to the
   * text.
   */
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

/** A shorter encoded form cannot be told apart from ordinary text. */
const SHORTEST_ENCODED = 8;

/** Columns at which base64 is broken: those of PEM and OpenSSL, and those of MIME and coreutils. */
const COLUMNS = [64, 76];

/**
 * The base64 forms of `bytes` within a longer text ("user:VALUE"): one for each of the three alignments with base64's
 * groups of three bytes, without the characters at both ends that depend on adjacent bytes.
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

/** Base64 of a key as a whole, and by line as printed. */
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

/** A private key in each of its PEM forms (PKCS#8, PKCS#1, SEC 1). */
function keyForms(value: string): readonly string[] {
  const key = keyIn(value);
  if (key === undefined) return [];
  const own = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : key.asymmetricKeyType === 'ec' ? 'sec1' : undefined;
  return [
    ...brokenBase64(key.export({ type: 'pkcs8', format: 'der' })),
    ...(own === undefined ? [] : brokenBase64(key.export({ type: own, format: 'der' }))),
  ];
}

/** The lines of a multi-line value, without those that all such values share. */
function linesOf(value: string): readonly string[] {
  if (!value.includes('\n')) return [];
  return value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_ENCODED && !line.startsWith('-----'));
}

/**
 * `value` and, if it has at least 8 characters, its encoded forms: base64 (also twice), hex, UTF-16, URLs, JSON, PEM.
 */
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
