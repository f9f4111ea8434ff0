import {
  Composer,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  Parser,
  visit,
  type CST,
  type Document,
  type Node,
  type Pair,
  type YAMLError,
} from 'yaml';
import { keyOf, locate, mergeSources, targetOf, type YamlPath } from './positions.ts';
import { inFileOrder, START, type LocatedProblem, type Position } from './problem.ts';
import { wordingOf, type Wording } from './syntax.ts';

/** YAML as plain values, with their places in the text. */
export interface ParsedYaml {
  /** Plain maps, lists and scalars; absent where the text cannot be parsed. */
  readonly value?: unknown;
  /** Errors of syntax, duplicate keys and the like. */
  readonly problems: readonly LocatedProblem[];
  /** See `locate` of `positions.ts`. */
  locate(path: YamlPath, at?: 'key' | 'value'): Position;
}

// `uniqueKeys` compares each key with all before it, which takes minutes for thousands of keys; `wrongKeys` replaces it.
const OPTIONS = {
  uniqueKeys: false,
  merge: true,
  stringKeys: true,
  prettyErrors: false,
  logLevel: 'error',
} as const;

/** Parses one YAML document. Never throws: all mistakes are in `problems`. */
export function parseYaml(file: string, text: string): ParsedYaml {
  const lines = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(Math.max(0, Math.min(offset, text.length)));
    return line === 0 ? START : { line, column: col };
  };
  const problem = (offset: number, wording: Wording): LocatedProblem => {
    return { severity: 'error', file, ...position(offset), message: wording.message, hint: wording.hint };
  };
  const failed = (problems: readonly LocatedProblem[]): ParsedYaml => ({ problems, locate: () => START });

  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const facts = factsOf(tokens);
  if (facts.tooDeep !== undefined) {
    const wording = {
      message: 'this is nested too deeply',
      hint: 'close the brackets or use less indentation',
    };
    return failed([problem(facts.tooDeep, wording)]);
  }

  const [document, ...others] = [...new Composer(OPTIONS).compose(tokens, true, text.length)];
  if (document === undefined) return failed([]);

  const syntax: LocatedProblem[] = facts.unclosed.map(({ offset, kind }) =>
    problem(offset, { message: `a ${kind} is opened here and never closed`, hint: 'close it' }),
  );
  const isReported = (error: YAMLError): boolean =>
    facts.unclosed.length > 0 && /quote$|must be sufficiently indented and end with/.test(error.message);
  for (const error of [...document.errors, ...document.warnings]) {
    if (isReported(error)) continue;
    // The library reports wrong indentation at the start of the line; a person expects it at the first word.
    const blanks = /^[ ]*/.exec(error.code === 'BAD_INDENT' ? text.slice(error.pos[0]) : '')?.[0].length ?? 0;
    syntax.push(problem(error.pos[0] + blanks, wordingOf(error)));
  }
  if (others[0] !== undefined) {
    const hint = 'keep one document, without "---" between its parts';
    const start = others[0].contents?.range?.[0] ?? others[0].range[0];
    syntax.push(problem(start, { message: 'a second YAML document starts here', hint }));
  }
  if (syntax.length > 0) return failed(onePerLine(syntax));

  const aliases = aliasProblems(document).map((found) => problem(found.offset, found));
  if (aliases.length > 0) return failed(aliases);

  if (expandsTooMuch(document)) {
    const hint = 'write the values out';
    return failed([problem(0, { message: 'its aliases (*name) expand to too many values', hint })]);
  }

  const wrong = [...wrongKeys(document, lines), ...controlCharacters(document)];
  const problems = wrong.map((found) => problem(found.offset, found));
  // The library's default refuses an anchor that is used a hundred times.
  const value: unknown = document.toJS({ maxAliasCount: -1 });
  return { value, problems, locate: (path, at) => locate(document, lines, path, at) };
}

/** Whether it is a map of keys and values, as opposed to a list, a scalar or nothing. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A mistake that the library does not report, and the offset of its place. */
interface Mistake extends Wording {
  readonly offset: number;
}

/** The first problem of each line: one syntax error often causes more on the same line. */
function onePerLine(problems: readonly LocatedProblem[]): readonly LocatedProblem[] {
  const lines = new Map<number, LocatedProblem>();
  for (const problem of inFileOrder(problems)) if (!lines.has(problem.line)) lines.set(problem.line, problem);
  return [...lines.values()];
}

/** Facts that only the tokens show, before nodes are composed. */
interface TokenFacts {
  /** Offset of a token that is nested too deeply for nodes to be composed. */
  readonly tooDeep?: number;
  /** Offsets of brackets and quotes that are never closed. */
  readonly unclosed: readonly { readonly offset: number; readonly kind: 'bracket' | 'quote' }[];
}

/** Far more than an inventory needs. Composing nodes is recursive: a stack overflow would end the process. */
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

/** Inspects the tokens without recursion, in no particular order. */
function factsOf(tokens: readonly CST.Token[]): TokenFacts {
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

function offsetOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}

/** Limits for one document, values with all aliases expanded: more than any inventory needs, and still fast to read. */
const MOST_ALIASES = 5000;
const MOST_VALUES = 100_000;

/**
 * Whether the aliases of a document expand to too many values: a few lines of aliases of aliases can mean a billion. No
 * alias may be inside of its own target.
 */
function expandsTooMuch(document: Document): boolean {
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

/** Aliases without an anchor or inside of their own target, and merge keys of something other than a map. */
function aliasProblems(document: Document): readonly Mistake[] {
  const problems: Mistake[] = [];
  visit(document, {
    Alias(_key, node, ancestors) {
      const target = targetOf(node, document);
      const name = `*${node.source}`;
      if (target === undefined) {
        const hint = `write &${node.source} before the value that it refers to, or quote it if it is a text`;
        problems.push({ offset: offsetOf(node), message: `${name} has no anchor`, hint });
      } else if (ancestors.includes(target)) {
        const hint = 'write the value out';
        problems.push({ offset: offsetOf(node), message: `${name} contains itself`, hint });
      }
    },
    Pair(_key, pair) {
      // Aliases without an anchor are reported above.
      if (keyOf(pair) !== '<<' || (isAlias(pair.value) && targetOf(pair.value, document) === undefined))
        return;
      if (mergeSources(pair, document).every((source) => isMap(source))) return;
      const hint = 'write an alias of a map, such as *defaults';
      problems.push({ offset: offsetOf(pair.key), message: '"<<" needs a map to merge', hint });
    },
  });
  return problems;
}

/** Duplicate and impossible keys, and the offset of each. */
function wrongKeys(document: Document, lines: LineCounter): readonly Mistake[] {
  const wrong: Mistake[] = [];
  const offsetOf = (pair: Pair): number => (isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0);
  visit(document, {
    Map(_key, map) {
      const first = new Map<string, Pair>();
      for (const pair of map.items) {
        const name = keyOf(pair);
        if (name === '__proto__') {
          const hint = 'choose another one: this name is reserved in JavaScript';
          wrong.push({ offset: offsetOf(pair), message: '"__proto__" cannot be a name', hint });
        }
        const before = first.get(name);
        if (before === undefined) {
          first.set(name, pair);
          continue;
        }
        const { line } = lines.linePos(offsetOf(before));
        const message = `"${name}" is written twice`;
        wrong.push({ offset: offsetOf(pair), message, hint: `it is in line ${line} already` });
      }
    },
  });
  return wrong;
}

/** Control characters that end a script or truncate a line of a configuration file. */
// eslint-disable-next-line no-control-regex -- these are what is looked for
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** Strings with a control character, which double quotes can spell: `"\0"`. Messages do not quote the string. */
function controlCharacters(document: Document): readonly Mistake[] {
  const found: Mistake[] = [];
  visit(document, {
    Scalar(_key, { value, range }) {
      if (typeof value !== 'string') return;
      const character = CONTROL.exec(value)?.[0];
      if (character === undefined) return;
      const code = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0').toUpperCase();
      const message = `this text contains a control character (U+${code})`;
      found.push({ offset: range?.[0] ?? 0, message, hint: 'remove it' });
    },
  });
  return found;
}
