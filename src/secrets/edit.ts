import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, parseDocument, type Document, type Pair } from 'yaml';
import { ANY, PREVIOUS_KEY } from './previous.ts';

/** One secret to be written. */
export interface Entry {
  readonly name: string;
  readonly value: string;
  /** Written as a comment above a new entry. */
  readonly describe?: string | undefined;
}

/** The former values of each secret, as `previousTexts` gives them. */
export type PreviousTexts = Readonly<Record<string, readonly string[]>>;

const HEADER = `# Secrets of the inventory next to this file; osha generates missing ones. Keep this file private: out of version
# control, mode 600. To replace a value: osha secrets rotate INVENTORY NAME, then deploy.
`;

const PREVIOUS_COMMENT =
  '# What was replaced, newest first. A deployment recognises hosts that still have it, and nothing else uses it.\n';

function keyText(name: string): string {
  return /^[A-Za-z_][\w-]*$/.test(name) ? name : JSON.stringify(name);
}

function line(entry: Entry): string {
  const comment = entry.describe === undefined ? '' : `# ${entry.describe.replaceAll(/\s+/g, ' ')}\n`;
  return `${comment}${keyText(entry.name)}: ${JSON.stringify(entry.value)}\n`;
}

function previousBlock(previous: PreviousTexts): string {
  const entries = Object.entries(previous).filter(([, values]) => values.length > 0);
  if (entries.length === 0) return `${PREVIOUS_KEY}: {}\n`;
  const lines = entries.flatMap(([name, values]) => [
    `  ${keyText(name)}:`,
    ...values.map((value) => `    - ${value === ANY ? ANY : JSON.stringify(value)}`),
  ]);
  return [`${PREVIOUS_KEY}:`, ...lines, ''].join('\n');
}

function keyOf(pair: Pair): unknown {
  return isScalar(pair.key) ? pair.key.value : undefined;
}

function pairOf(document: Document, name: string): Pair | undefined {
  return isMap(document.contents) ? document.contents.items.find((pair) => keyOf(pair) === name) : undefined;
}

interface Place {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

function placeOfPrevious(text: string, document: Document, previous: PreviousTexts): readonly Place[] {
  const pair = pairOf(document, PREVIOUS_KEY);
  const from = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  const to = (pair?.value as { range?: readonly number[] } | undefined)?.range?.[1];
  if (from === undefined || to === undefined) return [];
  const block = previousBlock(previous);
  return [{ from, to, text: text.slice(from, to).endsWith('\n') ? block : block.trimEnd() }];
}

/** Replaces values in place and appends new entries: all other characters are kept. */
function bySplicing(
  text: string,
  document: Document,
  entries: readonly Entry[],
  previous: PreviousTexts | undefined,
): string {
  const places = entries.flatMap((entry): readonly Place[] => {
    const pair = pairOf(document, entry.name);
    const range = isScalar(pair?.value) ? pair.value.range : undefined;
    return range ? [{ from: range[0], to: range[1], text: JSON.stringify(entry.value) }] : [];
  });
  const before = previous === undefined ? [] : placeOfPrevious(text, document, previous);
  let edited = text;
  for (const place of [...places, ...before].sort((a, b) => b.from - a.from)) {
    edited = edited.slice(0, place.from) + place.text + edited.slice(place.to);
  }
  const added = entries.filter((entry) => pairOf(document, entry.name) === undefined).map(line);
  if (previous !== undefined && before.length === 0) added.push(PREVIOUS_COMMENT, previousBlock(previous));
  const start = edited === '' ? HEADER : edited.endsWith('\n') ? edited : `${edited}\n`;
  return start + added.join('');
}

function valuesOf(document: Document): Readonly<Record<string, unknown>> {
  return (document.toJS() ?? {}) as Readonly<Record<string, unknown>>;
}

/** The expected content after the edit. */
function expected(
  document: Document,
  entries: readonly Entry[],
  previous: PreviousTexts | undefined,
): Readonly<Record<string, unknown>> {
  const used = Object.entries(previous ?? {}).filter(([, values]) => values.length > 0);
  return {
    ...valuesOf(document),
    ...Object.fromEntries(entries.map(({ name, value }) => [name, value])),
    ...(previous === undefined ? {} : { [PREVIOUS_KEY]: Object.fromEntries(used) }),
  };
}

/**
 * The text of a secrets file with `entries` added or replaced, and with these former values if given; comments and
 * other entries are kept. `text` is YAML without errors, or empty.
 */
export function withEntries(text: string, entries: readonly Entry[], previous?: PreviousTexts): string {
  const document = parseDocument(text);
  const wanted = expected(document, entries, previous);
  const spliced = bySplicing(text, document, entries, previous);
  const read = parseDocument(spliced, { logLevel: 'silent' });
  if (read.errors.length === 0 && isDeepStrictEqual(valuesOf(read), wanted)) return spliced;
  // The file uses a flow mapping in braces, or has an end marker.
  for (const entry of entries) document.set(entry.name, entry.value);
  if (previous !== undefined) document.set(PREVIOUS_KEY, wanted[PREVIOUS_KEY]);
  return document.toString({ lineWidth: 0 });
}
