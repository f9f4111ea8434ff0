import type { Severity } from '../yaml/problem.ts';

/** A mistake in an inventory, located by its path, not by a line of the text. */
export interface InventoryProblem {
  readonly severity: Severity;
  /** Where in the YAML: `['vips', 'api', 'address']`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string;
  /** What to point at; default the value. */
  readonly at?: 'key' | 'value';
}

export { formatProblem, type LocatedProblem } from '../yaml/problem.ts';
export { suggestion } from '../yaml/nearest.ts';
