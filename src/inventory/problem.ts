import type { Severity } from '../yaml/problem.ts';

/** A mistake in an inventory, by its path: what a rule finds that knows nothing of the text it came from. */
export interface InventoryProblem {
  readonly severity: Severity;
  /** Where in the YAML: `['vips', 'api', 'address']`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string;
  /** What of it to point at; default its value. */
  readonly at?: 'key' | 'value';
}

export { formatProblem, type LocatedProblem } from '../yaml/problem.ts';
export { suggestion } from '../yaml/nearest.ts';
