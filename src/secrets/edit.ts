import { isMap, isScalar, parseDocument, type Document, type Pair } from 'yaml';

/** One secret to be written. */
export interface Entry {
  readonly name: string;
  readonly value: string;
  /** Stands above a new entry as a comment. */
  readonly describe?: string;
}

const HEADER = `# Secrets of the inventory beside this file, generated where they were missing. Keep it to yourself: out of version
# control, mode 600. To change a value, edit it here and deploy.
`;

function line(entry: Entry): string {
  const comment = entry.describe === undefined ? '' : `# ${entry.describe.replaceAll(/\s+/g, ' ')}\n`;
  return `${comment}${/^[A-Za-z_][\w-]*$/.test(entry.name) ? entry.name : JSON.stringify(entry.name)}: ${JSON.stringify(entry.value)}\n`;
}

function keyOf(pair: Pair): unknown {
  return isScalar(pair.key) ? pair.key.value : undefined;
}

function pairOf(document: Document, name: string): Pair | undefined {
  return isMap(document.contents) ? document.contents.items.find((pair) => keyOf(pair) === name) : undefined;
}

/** Puts values where the old ones stand, and new entries below: every other character stays. */
function bySplicing(text: string, document: Document, entries: readonly Entry[]): string {
  const places = entries.flatMap((entry) => {
    const pair = pairOf(document, entry.name);
    const range = isScalar(pair?.value) ? pair.value.range : undefined;
    return range ? [{ from: range[0], to: range[1], value: entry.value }] : [];
  });
  let edited = text;
  for (const { from, to, value } of places.sort((a, b) => b.from - a.from)) {
    edited = edited.slice(0, from) + JSON.stringify(value) + edited.slice(to);
  }
  const added = entries.filter((entry) => pairOf(document, entry.name) === undefined);
  const start = edited === '' ? HEADER : edited.endsWith('\n') ? edited : `${edited}\n`;
  return start + added.map(line).join('');
}

function holds(text: string, entries: readonly Entry[]): boolean {
  const document = parseDocument(text, { logLevel: 'silent' });
  return document.errors.length === 0 && entries.every((entry) => document.get(entry.name) === entry.value);
}

/**
 * The text of a secrets file with `entries` in it, set anew or changed; comments and other entries stay. `text` is YAML
 * without errors, or empty.
 */
export function withEntries(text: string, entries: readonly Entry[]): string {
  const document = parseDocument(text);
  const spliced = bySplicing(text, document, entries);
  if (holds(spliced, entries)) return spliced;
  // Something written on one line in braces, or with an end marker below.
  for (const entry of entries) document.set(entry.name, entry.value);
  return document.toString({ lineWidth: 0 });
}
