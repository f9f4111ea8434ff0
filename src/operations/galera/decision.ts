import type { HostChange } from '../../playbook/operation.ts';
import type { Arbitrator } from './arbitrator.ts';
import type { ChangeContext } from './changes.ts';

/** What a decision may take for granted. */
export interface DecisionContext extends ChangeContext {
  /** The member whose data is right, by the operator's word: forms the cluster whatever the others say or do not say. */
  readonly bootstrapFrom?: string;
  /** A vote without data, where there is one. */
  readonly arbitrator?: Arbitrator;
}

/** A decision before its evidence was put to it. */
export type Decided =
  | { readonly verdict: 'converged' }
  | { readonly verdict: 'refuse'; readonly reason: string; readonly hint: string }
  | {
      readonly verdict: 'change';
      readonly because: string;
      readonly stages: readonly (readonly HostChange[])[];
    };
