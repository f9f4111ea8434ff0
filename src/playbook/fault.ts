import type { LocatedProblem } from '../inventory/problem.ts';

/** A mistake in a playbook of the user's own: what its code did, where, and what to do about it. */
export class PlaybookFault extends Error {
  override name = 'PlaybookFault';
  readonly problem: LocatedProblem & { readonly hint: string };

  constructor(problem: LocatedProblem & { readonly hint: string }, options?: ErrorOptions) {
    super(`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`, options);
    this.problem = problem;
  }
}
