import { isDeepStrictEqual } from 'node:util';
import {
  isCollection,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  visit,
  type Document,
  type Node,
  type Pair,
} from 'yaml';

/** A part of a text, and what takes its place. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/**
 * The text of an inventory without a host: its entry, and its name in the lists of holders of virtual IPs (`on`). Everything
 * else keeps its form, comments included. Other places that name the host are left for validation to report. Returns
 * `undefined` if `hosts` has no entry of this name, or if aliases elsewhere refer to what is in it.
 */
export function withoutHost(text: string, name: string): string | undefined {
  const document = parseDocument(text, { logLevel: 'error' });
  const wanted = withoutEntry(document.clone(), name);
  const hosts = document.get('hosts', true);
  if (!wanted || !isMap(hosts) || document.errors.length > 0 || hasLostAnchor(wanted)) return undefined;
  const edits = [
    ...hosts.items.flatMap((pair) =>
      keyOf(pair) === name ? entryEdits(text, pair, hosts.flow === true) : [],
    ),
    ...holderLists(document).flatMap((list) => itemEdits(text, list, name)),
  ];
  const edited = edits
    .toSorted((one, other) => other.start - one.start)
    .reduce(
      (left, { start, end, replacement }) => left.slice(0, start) + replacement + left.slice(end),
      text,
    );
  const read: unknown = parseDocument(edited, { logLevel: 'error' }).toJS();
  // In a form that the edits do not understand: the document is written anew.
  return isDeepStrictEqual(read, wanted.toJS()) ? edited : wanted.toString({ lineWidth: 0 });
}

/** Whether an alias refers to an anchor that the document does not have before it. */
function hasLostAnchor(document: Document): boolean {
  let isLost = false;
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      isLost = true;
      return visit.BREAK;
    },
  });
  return isLost;
}

function withoutEntry(document: Document, name: string): Document | undefined {
  if (!document.hasIn(['hosts', name])) return undefined;
  document.deleteIn(['hosts', name]);
  for (const list of holderLists(document)) {
    if (isSeq(list)) list.items = list.items.filter((item) => !(isScalar(item) && item.value === name));
  }
  return document;
}

/** The values of `on` of all virtual IPs that are lists. */
function holderLists(document: Document): readonly Node[] {
  const vips = document.get('vips', true);
  if (!isMap(vips)) return [];
  return vips.items.flatMap(({ value }) => {
    const on: unknown = isMap(value) ? value.get('on', true) : undefined;
    return isSeq(on) ? [on] : [];
  });
}

function keyOf({ key }: Pair): unknown {
  return isScalar(key) ? key.value : undefined;
}

/** The whole lines of an entry in a block map. */
function entryEdits(text: string, { key, value }: Pair, isFlow: boolean): readonly Edit[] {
  const from = (key as Node | undefined)?.range?.[0];
  const to = (value as Node | undefined)?.range?.[1];
  if (isFlow || from === undefined || to === undefined) return [];
  return [{ ...linesOf(text, from, to), replacement: '' }];
}

function itemEdits(text: string, list: Node, name: string): readonly Edit[] {
  if (!isSeq(list) || !list.range) return [];
  const [start, end] = list.range;
  if (list.flow !== true) {
    return list.items.flatMap((item) =>
      isScalar(item) && item.value === name && item.range
        ? [{ ...linesOf(text, item.range[0], item.range[1]), replacement: '' }]
        : [],
    );
  }
  if (!list.items.some((item) => isScalar(item) && item.value === name)) return [];
  if (list.items.some((item) => isCollection(item) || (item as Node).comment)) return [];
  const kept = list.items.flatMap((item) =>
    isScalar(item) && item.range && item.value !== name ? [text.slice(item.range[0], item.range[1])] : [],
  );
  return [{ start, end, replacement: `[${kept.join(', ')}]` }];
}

/** From the beginning of the first line to the end of the last one. */
function linesOf(text: string, from: number, to: number): { readonly start: number; readonly end: number } {
  const start = text.lastIndexOf('\n', from - 1) + 1;
  // A value that is a block ends with its line break.
  const end = text.indexOf('\n', Math.max(from, to - 1));
  return { start, end: end < 0 ? text.length : end + 1 };
}
