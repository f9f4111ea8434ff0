import type { Arbitrator } from './arbitrator.ts';
import type { ChangeContext } from './changes.ts';

/** What a decision may take for granted. */
export interface DecisionContext extends ChangeContext {
  /** The member whose data is right, by the operator's word: forms the cluster whatever the others say or do not say. */
  readonly bootstrapFrom?: string;
  /** A vote without data, where there is one. */
  readonly arbitrator?: Arbitrator;
}
