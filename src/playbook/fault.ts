import { OshaError } from '../text/error.ts';
import type { LocatedProblem } from '../inventory/problem.ts';

/** A mistake in a playbook of the user's own: what its code did, where, and what to do about it. */
export class PlaybookFault extends OshaError {
  override name = 'PlaybookFault';
  readonly problem: LocatedProblem & { readonly hint: string };

  constructor(
    problem: LocatedProblem & { readonly hint: string },
    options: { readonly cause?: unknown } = {},
  ) {
    super(`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`, {
      ...options,
      hint: problem.hint,
      exitCode: 2,
    });
    this.problem = problem;
  }
}
