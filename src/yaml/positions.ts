import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  visit,
  type Alias,
  type Document,
  type LineCounter,
  type Node,
  type Pair,
} from 'yaml';
import { START, type Position } from './problem.ts';

/** `['hosts', 'controller1', 'roles', 0]` */
export type YamlPath = readonly PropertyKey[];

interface Found {
  readonly key?: Node;
  readonly value: Node | null;
}

function nodeOf(value: unknown): Node | null {
  return value !== null && typeof value === 'object' && 'range' in value ? (value as Node) : null;
}

/** The text of a pair's key. */
export function keyOf(pair: Pair): string {
  const key = pair.key;
  return isScalar(key) ? String(key.value) : String(key);
}

/** The maps that a merge key (`<<`) merges. */
export function mergeSources(pair: Pair, document: Document): readonly (Node | null)[] {
  const source = resolved(nodeOf(pair.value), document);
  if (isSeq(source)) return source.items.map((item) => resolved(nodeOf(item), document));
  return [source];
}

const targets = new WeakMap<Document, ReadonlyMap<Alias, Node>>();

/**
 * The node that an alias refers to: the last one before it with its anchor. All are found in one walk: the library's
 * `resolve` walks the document for each alias, which takes minutes for thousands.
 */
export function targetOf(alias: Alias, document: Document): Node | undefined {
  let known = targets.get(document);
  if (!known) {
    known = findTargets(document);
    targets.set(document, known);
  }
  return known.get(alias);
}

function findTargets(document: Document): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const found = new Map<Alias, Node>();
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target) found.set(node, target);
      } else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return found;
}

/** The node that an alias refers to, or the node itself. */
export function resolved(node: Node | null, document: Document): Node | null {
  return isAlias(node) ? (targetOf(node, document) ?? null) : node;
}

function entry(node: Node | null, step: PropertyKey, document: Document, hops = 0): Found | undefined {
  const collection = resolved(node, document);
  if (isSeq(collection)) {
    const item = typeof step === 'number' ? collection.items[step] : undefined;
    if (item === undefined) return undefined;
    return { value: isPair(item) ? nodeOf(item.key) : nodeOf(item) };
  }
  if (!isMap(collection) || hops > 8) return undefined;
  // The last of duplicate keys wins.
  const own = collection.items.findLast((pair) => keyOf(pair) === String(step));
  if (own !== undefined) {
    const key = nodeOf(own.key);
    return { ...(key ? { key } : {}), value: nodeOf(own.value) };
  }
  for (const pair of collection.items.filter((candidate) => keyOf(candidate) === '<<')) {
    for (const source of mergeSources(pair, document)) {
      const merged = entry(source, step, document, hops + 1);
      if (merged !== undefined) return merged;
    }
  }
  return undefined;
}

function isWritten(node: Node | null): node is Node {
  if (!node?.range) return false;
  return !(isScalar(node) && node.value === null && node.source === '');
}

/**
 * The position of the value at `path`, or of its key with `at: 'key'` and where it has no value. For a missing key, the
 * position of the map that it is missing from.
 */
export function locate(
  document: Document,
  lines: LineCounter,
  path: YamlPath,
  at: 'key' | 'value' = 'value',
): Position {
  let current: Found = { value: document.contents };
  let complete = true;
  for (const step of path) {
    const next = entry(current.value, step, document);
    if (next === undefined) {
      complete = false;
      break;
    }
    current = next;
  }
  const byKey = at === 'key' || !complete || !isWritten(current.value);
  const node = byKey ? (current.key ?? current.value) : current.value;
  if (!node?.range) return START;
  const { line, col } = lines.linePos(node.range[0]);
  return line === 0 ? START : { line, column: col };
}
