import {
  Composer,
  isScalar,
  LineCounter,
  Parser,
  visit,
  type Document,
  type Pair,
  type YAMLError,
  type CST,
} from 'yaml';
import { aliasProblems, standsForTooMuch } from './aliases.ts';
import { keyOf, locate, type YamlPath } from './positions.ts';
import { inFileOrder, START, type LocatedProblem, type Position } from './problem.ts';
import { wordingOf, type Wording } from './syntax.ts';

/** YAML as plain values, with the way back to the places where they stand. */
export interface ParsedYaml {
  /** Plain maps, lists and scalars; absent where the text is too broken to say. */
  readonly value?: unknown;
  /** Errors of syntax, duplicate keys and the like. */
  readonly problems: readonly LocatedProblem[];
  /** See `locate` of `positions.ts`. */
  locate(path: YamlPath, at?: 'key' | 'value'): Position;
}

// The library compares each key with all before it, which takes minutes where there are thousands: `wrongKeys` does not.
const OPTIONS = {
  uniqueKeys: false,
  merge: true,
  stringKeys: true,
  prettyErrors: false,
  logLevel: 'error',
} as const;

/** What no tool and no configuration file takes: a script would end, or a line be cut short, where it stands. */
// eslint-disable-next-line no-control-regex -- these are what is looked for
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** Texts with a control character in them, which double quotes can spell: `"\0"`. No message holds the text. */
function controlCharacters(document: Document): readonly (Wording & { offset: number })[] {
  const found: (Wording & { offset: number })[] = [];
  visit(document, {
    Scalar(_key, { value, range }) {
      if (typeof value !== 'string') return;
      const character = CONTROL.exec(value)?.[0];
      if (character === undefined) return;
      const code = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0').toUpperCase();
      const message = `a control character stands in this text (U+${code})`;
      found.push({ offset: range?.[0] ?? 0, message, hint: 'remove it' });
    },
  });
  return found;
}

/** Keys that are written again in their map, or that cannot be one, and the offset of each. */
function wrongKeys(document: Document, lines: LineCounter): readonly (Wording & { offset: number })[] {
  const wrong: (Wording & { offset: number })[] = [];
  const offsetOf = (pair: Pair): number => (isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0);
  visit(document, {
    Map(_key, map) {
      const first = new Map<string, Pair>();
      for (const pair of map.items) {
        const name = keyOf(pair);
        if (name === '__proto__') {
          const hint = 'choose another one: JavaScript keeps this one for itself';
          wrong.push({ offset: offsetOf(pair), message: '"__proto__" cannot be a name', hint });
        }
        const before = first.get(name);
        if (before === undefined) {
          first.set(name, pair);
          continue;
        }
        const { line } = lines.linePos(offsetOf(before));
        const message = `"${name}" is written twice`;
        wrong.push({ offset: offsetOf(pair), message, hint: `it stands in line ${line} already` });
      }
    },
  });
  return wrong;
}

/** One syntax error often makes the parser stumble again on the same line. */
function onePerLine(problems: readonly LocatedProblem[]): readonly LocatedProblem[] {
  const lines = new Map<number, LocatedProblem>();
  for (const problem of inFileOrder(problems)) if (!lines.has(problem.line)) lines.set(problem.line, problem);
  return [...lines.values()];
}

/** Parses one YAML document. Never throws: everything that is wrong is in `problems`. */
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
  const isTold = (error: YAMLError): boolean =>
    facts.unclosed.length > 0 && /quote$|must be sufficiently indented and end with/.test(error.message);
  for (const error of [...document.errors, ...document.warnings]) {
    if (isTold(error)) continue;
    // Wrong indentation is told at the start of its line; the first word is what a person looks for.
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

  if (standsForTooMuch(document)) {
    const hint = 'write the values out';
    return failed([problem(0, { message: 'its aliases (*name) stand for too many values', hint })]);
  }

  const wrong = [...wrongKeys(document, lines), ...controlCharacters(document)];
  const problems = wrong.map((found) => problem(found.offset, found));
  // The library's own limit refuses an anchor that is used a hundred times.
  const value: unknown = document.toJS({ maxAliasCount: -1 });
  return { value, problems, locate: (path, at) => locate(document, lines, path, at) };
}

/** True for a map of keys and values, as opposed to a list, a scalar or nothing. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What can only be seen in the tokens, before nodes are made of them. */
interface TokenFacts {
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
