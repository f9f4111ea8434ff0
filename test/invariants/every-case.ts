import fc from 'fast-check';
import { expect, it } from 'vitest';
import { undeclared } from '../support/shell-effects.ts';
import type { Answer, Answers, ClusterDecision, Effect, HostChange } from '../../src/playbook/operation.ts';

/** The number of cases for each invariant. */
export const CASES = 20_000;

/** The number of histories, of several events and decisions each, for each invariant of histories. */
export const HISTORIES = 5000;

/** The seed of the cases; `OSHA_SEED=NUMBER` generates others. */
const SEED = Number(process.env['OSHA_SEED'] ?? 20261126);

/** Time limit of one claim in milliseconds, on a busy machine. */
const LIMIT_MS = 120_000;

/** Tests that `holds` for `cases` generated values, and prints the number; fails with the smallest counterexample. */
export function everyCase<T>(
  system: string,
  claim: string,
  values: fc.Arbitrary<T>,
  holds: (value: T) => void,
  cases: number = CASES,
  unit = 'cases',
): void {
  const every = (): void => {
    let tried = 0;
    fc.assert(
      fc.property(values, (value) => {
        tried += 1;
        holds(value);
      }),
      { numRuns: cases, seed: SEED },
    );
    expect(tried).toBeGreaterThanOrEqual(cases);
    process.stdout.write(`invariants: ${system}: ${claim}: ${tried} ${unit}\n`);
  };
  it(claim, every, LIMIT_MS);
}

/** Like `everyCase`, for values that are histories of events and decisions. */
export function everyHistory<T>(
  system: string,
  claim: string,
  values: fc.Arbitrary<T>,
  holds: (value: T) => void,
  histories: number = HISTORIES,
): void {
  everyCase(system, claim, values, holds, histories, 'histories');
}

/** Effects that interrupt a member's service, if only briefly. */
const DISRUPTS: readonly Effect[] = ['restarts', 'stops', 'kills', 'joins', 'wipes'];

/** Effects that no member that may serve clients is ever exposed to. */
const HARMS: readonly Effect[] = ['kills', 'wipes', 'joins', 'forms'];

export function has(change: HostChange['change'], effects: readonly Effect[]): boolean {
  return effects.some((effect) => change.effects?.includes(effect));
}

/** What an invariant needs to know about a system. */
export interface Safety<Observed> {
  /** Whether a member may have clients: it serves, refuses, is slow, unintelligible, or was not queried. */
  mayServe(answer: Answer<Observed>): boolean;
  /** Whether a member's answer is conclusive about its data: reachable, understood, at rest. */
  isKnownAtRest(answer: Answer<Observed>): boolean;
  /** The cluster that a change forms, if several members form one together; by default each forms its own. */
  formedBy?(change: HostChange): string;
}

/**
 * Checks a decision against the observation it is based on. Throws, with the decision, if
 * - a member that may serve is killed, wiped or made to take over other data;
 * - two members that may serve are disrupted in one stage;
 * - more than one cluster is formed, or one is formed while a member is not known to be at rest;
 * - a script has an effect on a service or its data that the change does not declare.
 */
export function expectSafe<Observed>(
  decision: ClusterDecision,
  answers: Answers<Observed>,
  safety: Safety<Observed>,
): void {
  if (decision.verdict !== 'change') return;
  const serving = new Set([...answers].flatMap(([host, answer]) => (safety.mayServe(answer) ? [host] : [])));
  const complain = (what: string): never => {
    throw new Error(`${what}: ${inWords(decision.stages)}`);
  };
  for (const stage of decision.stages) {
    const disrupted = new Set(
      stage.filter(({ host, change }) => serving.has(host) && has(change, DISRUPTS)).map(({ host }) => host),
    );
    if (disrupted.size > 1) complain(`${[...disrupted].join(', ')} may serve and are disrupted at once`);
    for (const { host, change } of stage) {
      if (undeclared(change).length > 0) complain(`${host} is not told all that "${change.summary}" does`);
      if (serving.has(host) && has(change, HARMS))
        complain(`${host} may serve and suffers "${change.summary}"`);
    }
  }
  const forms = decision.stages.flat().filter(({ change }) => has(change, ['forms']));
  const formed = new Set(forms.map((form, index) => safety.formedBy?.(form) ?? String(index)));
  if (formed.size > 1) complain('more than one cluster is formed');
  const doubtful = [...answers].filter(([, answer]) => !safety.isKnownAtRest(answer)).map(([host]) => host);
  if (forms.length > 0 && doubtful.length > 0) {
    complain(`a cluster is formed, and ${doubtful.join(', ')} is not known to be at rest`);
  }
}

/** The stages in words, one line each. */
export function inWords(stages: readonly (readonly HostChange[])[]): string {
  return stages
    .map((stage) => stage.map(({ host, change }) => `${host}: ${change.summary}`).join(' & '))
    .join('; ');
}
