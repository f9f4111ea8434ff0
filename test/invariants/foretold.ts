import type { ClusterDecision } from '../../src/playbook/operation.ts';

/**
 * Checks that a plan predicts everything: after a decision that does not announce more, nothing else may change. Takes the
 * decisions of one deployment, round by round.
 */
export class Foretold {
  #last: Extract<ClusterDecision, { verdict: 'change' }> | undefined;

  /** Throws if the previous decision did not predict `decision`. */
  next(decision: ClusterDecision): void {
    const last = this.#last;
    if (last && last.then === undefined && decision.verdict === 'change') {
      throw new Error(`not foretold after "${last.because}": ${decision.because}`);
    }
    this.#last = decision.verdict === 'change' ? decision : undefined;
  }
}
