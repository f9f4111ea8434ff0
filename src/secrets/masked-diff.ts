import { createMasker, escapePattern } from './masker.ts';
import { maskOf, Secret } from './secret.ts';
import type { SecretText } from './text.ts';

/** Two texts to be shown as a diff. */
export interface MaskedTexts {
  readonly before: string;
  readonly after: string;
}

/** The mask of a former value, which the secret of that name replaces. */
function formerMaskOf(name: string): string {
  return `<former secret ${name}>`;
}

const UNNAMED = '<masked>';
const TELLING = /pass(?:word|wd|phrase)?|pwd|secret|key|token|auth|cookie|credential|identified\s+by/i;
/** `scheme://user:password@`, and the further ones of a list: `,user:password@`. */
const LOGIN = /:\/\/[^\s/@]+@|,[^\s/@,:]+:[^\s/@,]+@/g;
/** The name of a setting, the separator, and its value. */
const SETTING = /^(\s*(?:export\s+)?["']?([\w.$-]+)["']?(?:\s*[=:]\s*|\s+))(.*)$/;
/** Structure only: blank, a section, brackets. It has no words that could be a value. */
const STRUCTURE = /^\s*(?:\[[\w .:-]*\]|[^\p{L}\p{N}]*)\s*$/u;
const MASKS = /<(?:former secret|secret) [^>]*>|<masked>/g;
/** A longer line of a file with secrets is masked as a whole: it is unreadable in a diff anyway. */
const LONGEST_LINE = 2000;

/** A line of the new text with secrets, as a pattern for its former version. */
interface LinePattern {
  readonly pattern: RegExp;
  readonly secrets: readonly Secret[];
}

function linesOf(text: SecretText): readonly (readonly (string | Secret)[])[] {
  const lines: (string | Secret)[][] = [[]];
  for (const part of text.parts) {
    const [first = '', ...rest] = part instanceof Secret ? [part] : part.split('\n');
    lines.at(-1)?.push(first);
    for (const line of rest) lines.push([line]);
  }
  return lines;
}

function patternOf(line: readonly (string | Secret)[]): LinePattern | undefined {
  const secrets = line.filter((part) => part instanceof Secret);
  if (secrets.length === 0) return undefined;
  const source = line.map((part) =>
    part instanceof Secret
      ? '\\s*(\\S.*?)\\s*'
      : // A file that was edited by hand may have other spaces.
        part.split(/\s+/).map(escapePattern).join('\\s*'),
  );
  return { pattern: new RegExp(`^\\s*${source.join('')}\\s*$`, 'd'), secrets };
}

function maskByPattern(line: string, { pattern, secrets }: LinePattern): string | undefined {
  const places = pattern.exec(line)?.indices;
  if (places === undefined) return undefined;
  let masked = '';
  let end = 0;
  secrets.forEach((secret, index) => {
    const [from, to] = places[index + 1] ?? [end, end];
    const same = line.slice(from, to) === maskOf(secret.name);
    masked += line.slice(end, from) + (same ? maskOf(secret.name) : formerMaskOf(secret.name));
    end = to;
  });
  return masked + line.slice(end);
}

/** Names of settings in lines of the new text without a secret; their values may be shown. */
function plainSettings(lines: readonly (readonly (string | Secret)[])[]): ReadonlySet<string> {
  const names = lines.flatMap((line) => {
    const isPlain = line.every((part) => typeof part === 'string');
    return (isPlain ? SETTING.exec(line.join(''))?.[2] : undefined) ?? [];
  });
  const secret = lines.flatMap((line) => {
    const first = line.every((part) => typeof part === 'string') ? undefined : line[0];
    return (typeof first === 'string' ? SETTING.exec(first)?.[2] : undefined) ?? [];
  });
  return new Set(names.filter((name) => !secret.includes(name)));
}

/**
 * Masks the whole value of a setting that the new text lacks, and a whole line that is not a setting: it may be a
 * secret in any form.
 */
function maskUnknown(line: string, plain: ReadonlySet<string>): string {
  if (STRUCTURE.test(line.replaceAll(MASKS, ''))) return line;
  const [, head = '', name = '', value = ''] = SETTING.exec(line) ?? [];
  if (plain.has(name)) return line;
  if (head === '') return line.replace(/\S.*$/, UNNAMED);
  return STRUCTURE.test(value.replaceAll(MASKS, '')) ? line : head + UNNAMED;
}

/** Masks the login in a URL, and the text after the separator that follows a telling word. */
function maskSuspect(line: string): string {
  const text = line.replaceAll(LOGIN, (login) => `${login.startsWith(',') ? ',' : '://'}${UNNAMED}@`);
  // The masks of known values contain a telling word.
  const telling = TELLING.exec(
    text.replaceAll(/<(?:former )?secret [^>]*>/g, (mask) => ' '.repeat(mask.length)),
  );
  if (telling === null) return text;
  const from = telling.index + telling[0].length;
  const rest = text.slice(from);
  const separator = /[=:]\s*/.exec(rest) ?? /\s+/.exec(rest);
  if (separator === null) return text;
  const end = from + separator.index + separator[0].length;
  return text.slice(end).trim() === '' ? text : text.slice(0, end) + UNNAMED;
}

/**
 * Both sides of a file's change, masked; `before` may contain secrets that are not known. A line of `before` is shown
 * unchanged only if `after` (masked) has the same line. A line that matches a new line except for its secrets is masked
 * at these places. Of any other line, only settings that `after` also has, without a secret, are shown, except for the
 * text after a word such as "password" or "key" and the login in a URL. Where `after` has no secret, `before` is
 * returned unchanged.
 */
export function maskedDiffTexts(before: string, after: SecretText): MaskedTexts {
  const masked = after.masked();
  const secrets = after.secrets();
  if (secrets.length === 0) return { before, after: masked };
  const maskKnown = createMasker(secrets);
  const kept = new Set(masked.split('\n'));
  const parsed = linesOf(after);
  const plain = plainSettings(parsed);
  const patterns = parsed.flatMap((line) => patternOf(line) ?? []);
  // The most specific pattern first: a pattern of a single secret matches any line.
  patterns.sort((a, b) => b.pattern.source.length - a.pattern.source.length);
  const lines = before.split('\n').map((raw) => {
    const line = maskKnown(raw);
    if (kept.has(line)) return line;
    if (line.length > LONGEST_LINE) return UNNAMED;
    for (const pattern of patterns) {
      const byPattern = maskByPattern(line, pattern);
      if (byPattern !== undefined) return byPattern;
    }
    return maskUnknown(maskSuspect(line), plain);
  });
  return { before: lines.join('\n'), after: masked };
}
