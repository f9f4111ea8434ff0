import type { ClusterDecision } from '../../src/playbook/operation.ts';

/**
 * What a plan says of a cluster has to be all of it: once a decision is carried out that does not say that more is
 * decided then, nothing more is changed. Given the decisions of one deployment, one round after another.
 */
export class Foretold {
  #last: Extract<ClusterDecision, { verdict: 'change' }> | undefined;

  /** Throws where `decision` was not foretold by the one before it. */
  next(decision: ClusterDecision): void {
    const last = this.#last;
    if (last && last.then === undefined && decision.verdict === 'change') {
      throw new Error(`not foretold after "${last.because}": ${decision.because}`);
    }
    this.#last = decision.verdict === 'change' ? decision : undefined;
  }
}
