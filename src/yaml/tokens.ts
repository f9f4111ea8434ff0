import type { CST } from 'yaml';

/** What can only be seen in the tokens, before nodes are made of them. */
export interface TokenFacts {
  /** Offset of the first token that is nested too deeply; nodes must not be made then. */
  readonly tooDeep?: number;
  /** Offsets of brackets and quotes that are never closed. */
  readonly unclosed: readonly { readonly offset: number; readonly kind: 'bracket' | 'quote' }[];
}

/** Far more than an inventory needs. Nodes are made by recursion, and a stack overflow there ends the process. */
const DEEPEST = 60;

function inside(token: CST.Token): readonly (CST.Token | null | undefined)[] {
  if (token.type === 'document') return [token.value];
  if ('items' in token) return token.items.flatMap((item) => [item.key, item.value]);
  return [];
}

function isUnclosedQuote(token: CST.Token): boolean {
  if (token.type === 'single-quoted-scalar') return !/^'(?:[^']|'')*'$/.test(token.source);
  if (token.type === 'double-quoted-scalar') return !/^"(?:[^"\\]|\\[^])*"$/.test(token.source);
  return false;
}

function isUnclosedBracket(token: CST.Token): boolean {
  if (token.type !== 'flow-collection') return false;
  const wanted = token.start.type === 'flow-map-start' ? 'flow-map-end' : 'flow-seq-end';
  return !token.end.some((end) => end.type === wanted);
}

/** Looks through the tokens of a text without recursion, in no particular order. */
export function factsOf(tokens: readonly CST.Token[]): TokenFacts {
  const unclosed: { offset: number; kind: 'bracket' | 'quote' }[] = [];
  const open = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > DEEPEST) return { tooDeep: token.offset, unclosed };
    if (isUnclosedQuote(token)) unclosed.push({ offset: token.offset, kind: 'quote' });
    if (isUnclosedBracket(token)) unclosed.push({ offset: token.offset, kind: 'bracket' });
    for (const child of inside(token)) if (child) open.push({ token: child, depth: depth + 1 });
  }
  return { unclosed };
}
