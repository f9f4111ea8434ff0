import type { Host } from '../../src/inventory/types.ts';
import type { Answer, ClusterDecision } from '../../src/playbook/operation.ts';
import { aHost } from '../support/inventory.ts';

/** Hosts that were asked, and what came of it. */
export interface Asked<Observed> {
  readonly hosts: readonly Host[];
  readonly answers: ReadonlyMap<string, Answer<Observed>>;
}

/**
 * Hosts PREFIX1, PREFIX2, ... that said this, in their order. A text is why a host does not answer; `observed` makes an
 * observation of everything else.
 */
export function asked<Said, Observed>(
  prefix: string,
  all: readonly (Said | string)[],
  observed: (said: Said, name: string) => Observed,
): Asked<Observed> {
  const hosts = all.map((_, index) => aHost(`${prefix}${index + 1}`));
  const answers = all.map((said, index): [string, Answer<Observed>] => {
    const name = `${prefix}${index + 1}`;
    return typeof said === 'string'
      ? [name, { reachable: false, reason: said }]
      : [name, { reachable: true, observed: observed(said, name) }];
  });
  return { hosts, answers: new Map(answers) };
}

/** A decision in few words: each stage's changes with ` + ` between, what stands in brackets left away. */
export function inShort(decision: ClusterDecision): readonly string[] {
  if (decision.verdict !== 'change') return [decision.verdict];
  return decision.stages.map((stage) =>
    stage.map(({ host, change }) => `${host}: ${change.summary.replace(/ \(.*\)/, '')}`).join(' + '),
  );
}
