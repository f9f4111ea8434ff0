import type { Arbitrator } from './arbitrator.ts';
import type { ChangeContext } from './changes.ts';

/** The command that forms the cluster from the data of `member`, or of the one that the operator chooses. */
export function bootstrapCommand(member = 'HOST'): string {
  return `osha deploy INVENTORY --bootstrap-from ${member}`;
}

/** What a decision may take for granted. */
export interface DecisionContext extends ChangeContext {
  /** The member whose data is right, by the operator's word: forms the cluster whatever the others say or do not say. */
  readonly bootstrapFrom?: string | undefined;
  /** A vote without data, where there is one. */
  readonly arbitrator?: Arbitrator;
}
