import { isAlias, isMap, visit, type Document, type Node } from 'yaml';
import { keyOf, mergeSources } from './positions.ts';
import type { Wording } from './syntax.ts';

/** A misused anchor, alias or merge key, and the offset where it stands. */
export interface AliasProblem extends Wording {
  readonly offset: number;
}

function offsetOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}

/** Aliases without anchor, aliases inside of what they stand for, and merge keys of something that is no map. */
export function aliasProblems(document: Document): readonly AliasProblem[] {
  const problems: AliasProblem[] = [];
  visit(document, {
    Alias(_key, node, ancestors) {
      const target = node.resolve(document);
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
      if (keyOf(pair) !== '<<' || (isAlias(pair.value) && pair.value.resolve(document) === undefined)) return;
      if (mergeSources(pair, document).every((source) => isMap(source))) return;
      const hint = 'write an alias of a map, such as *defaults';
      problems.push({ offset: offsetOf(pair.key), message: '"<<" needs a map to take keys from', hint });
    },
  });
  return problems;
}
