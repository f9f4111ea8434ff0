/** A place in a file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * How much is wrong. An error makes a file invalid; a warning is told whenever it is read; an advice is about what works as
 * it stands but will be missed one day, and is told by `check` alone.
 */
export type Severity = 'error' | 'warning' | 'advice';

/** A mistake in a file that a person wrote, at its place. */
export interface LocatedProblem extends Position {
  readonly severity: Severity;
  /** As the person named it on the command line. */
  readonly file: string;
  /** What is wrong. */
  readonly message: string;
  /** What to write or to do instead. */
  readonly hint?: string;
}

/** The beginning of a file, for what concerns the file as a whole. */
export const START: Position = { line: 1, column: 1 };

/** `file:line:column: error: what is wrong; what to write instead`, which editors and terminals make a link of. */
export function formatProblem(problem: LocatedProblem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const hint = problem.hint === undefined ? '' : `; ${problem.hint}`;
  return `${place}: ${problem.severity}: ${problem.message}${hint}`;
}

/** True where at least one of them is an error: exit code 2. */
export function hasErrors(problems: readonly { readonly severity: Severity }[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}

/** The problems in the order of the file, each told once. */
export function inFileOrder(problems: readonly LocatedProblem[]): readonly LocatedProblem[] {
  const told = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...told.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}
