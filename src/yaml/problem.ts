/** A place in a file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * An error makes a file invalid. A warning is shown whenever the file is read. Advice is about what works but should be
 * improved, and is shown by `check` only.
 */
export type Severity = 'error' | 'warning' | 'advice';

/** A mistake in a file that a person wrote, at its place. */
export interface LocatedProblem extends Position {
  readonly severity: Severity;
  /** As the user gave it on the command line. */
  readonly file: string;
  /** What is wrong. */
  readonly message: string;
  /** What to write or to do instead. */
  readonly hint?: string;
}

/** The beginning of a file, for problems of the file as a whole. */
export const START: Position = { line: 1, column: 1 };

/** `file:line:column: error: what is wrong; what to write instead`, which editors and terminals turn into a link. */
export function formatProblem(problem: LocatedProblem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const hint = problem.hint === undefined ? '' : `; ${problem.hint}`;
  return `${place}: ${problem.severity}: ${problem.message}${hint}`;
}

/** Whether at least one is an error: exit code 2. */
export function hasErrors(problems: readonly { readonly severity: Severity }[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}

/** The problems in the order of the file, without duplicates. */
export function inFileOrder(problems: readonly LocatedProblem[]): readonly LocatedProblem[] {
  const unique = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...unique.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}
