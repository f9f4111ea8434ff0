import { formatProblem, type LocatedProblem } from '../yaml/problem.ts';
import { EXIT } from './io.ts';

/** Something that the user has to change: printed as a message with a hint, never with a stack. */
export class UserError extends Error {
  override name = 'UserError';
  readonly hint: string | undefined;
  readonly exitCode: number;

  /** `exitCode` is 2, wrong usage, unless it is given. */
  constructor(message: string, options: { hint?: string; exitCode?: number } = {}) {
    super(message);
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? EXIT.usage;
  }
}

/** A file with mistakes in it, all of them. */
export class InvalidFile extends Error {
  override name = 'InvalidFile';
  readonly problems: readonly LocatedProblem[];

  constructor(problems: readonly LocatedProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}
