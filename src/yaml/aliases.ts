import { isAlias, isCollection, isMap, isPair, visit, type Document, type Node } from 'yaml';
import { keyOf, mergeSources, targetOf } from './positions.ts';
import type { Wording } from './syntax.ts';

/** A misused anchor, alias or merge key, and the offset where it stands. */
export interface AliasProblem extends Wording {
  readonly offset: number;
}

function offsetOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}

/** Aliases in one document, and values with all aliases written out: more than any inventory has, and still read at once. */
const MOST_ALIASES = 5000;
const MOST_VALUES = 100_000;

/**
 * Whether the aliases of a document, written out, stand for more than can be worked with: aliases of aliases of aliases
 * are a few lines and a billion values. None may stand inside of itself.
 */
export function standsForTooMuch(document: Document): boolean {
  const sizes = new Map<unknown, number>();
  let aliases = 0;
  const sizeOf = (node: unknown): number => {
    if (isAlias(node)) {
      aliases += 1;
      return sizeOf(targetOf(node, document));
    }
    if (isPair(node)) return sizeOf(node.key) + sizeOf(node.value);
    if (!isCollection(node)) return 1;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    const size = (node.items as readonly unknown[]).reduce<number>((sum, item) => sum + sizeOf(item), 1);
    sizes.set(node, size);
    return size;
  };
  const size = sizeOf(document.contents);
  return aliases > 0 && (aliases > MOST_ALIASES || size > MOST_VALUES);
}

/** Aliases without anchor, aliases inside of what they stand for, and merge keys of something that is no map. */
export function aliasProblems(document: Document): readonly AliasProblem[] {
  const problems: AliasProblem[] = [];
  visit(document, {
    Alias(_key, node, ancestors) {
      const target = targetOf(node, document);
      const name = `*${node.source}`;
      if (target === undefined) {
        const hint = `write &${node.source} before the value that it stands for, or quote it if it is a text`;
        problems.push({ offset: offsetOf(node), message: `${name} stands for nothing`, hint });
      } else if (ancestors.includes(target)) {
        const hint = 'write the value out';
        problems.push({ offset: offsetOf(node), message: `${name} stands inside of itself`, hint });
      }
    },
    Pair(_key, pair) {
      // Aliases that resolve to nothing are told above.
      if (keyOf(pair) !== '<<' || (isAlias(pair.value) && targetOf(pair.value, document) === undefined))
        return;
      if (mergeSources(pair, document).every((source) => isMap(source))) return;
      const hint = 'write an alias of a map, such as *defaults';
      problems.push({ offset: offsetOf(pair.key), message: '"<<" needs a map to take keys from', hint });
    },
  });
  return problems;
}
