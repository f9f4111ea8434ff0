import fc from 'fast-check';
import { expect, it } from 'vitest';
import { undeclared } from '../support/shell-effects.ts';
import type { Answer, Answers, ClusterDecision, Effect, HostChange } from '../../src/playbook/operation.ts';

/** Cases that each invariant is tried on. */
export const CASES = 20_000;

/** Histories, of several events and decisions each, that each invariant of whole histories is tried on. */
export const HISTORIES = 5000;

/** The same cases on every run; `OSHA_SEED=NUMBER` tries others. */
const SEED = Number(process.env['OSHA_SEED'] ?? 20261126);

/** Milliseconds for one claim on a machine that is busy with other tests. */
const LIMIT_MS = 120_000;

/** A test that `holds` for `cases` generated values, and prints how many it tried; fails with the smallest counterexample. */
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

/** As `everyCase`, where each value is a history: what happens, with the decisions that are taken meanwhile. */
export function everyHistory<T>(
  system: string,
  claim: string,
  values: fc.Arbitrary<T>,
  holds: (value: T) => void,
  histories: number = HISTORIES,
): void {
  everyCase(system, claim, values, holds, histories, 'histories');
}

/** Effects after which a member serves nobody, if only for a moment. */
const DISRUPTS: readonly Effect[] = ['restarts', 'stops', 'kills', 'joins', 'wipes'];

/** Effects that nothing which may serve clients is ever exposed to. */
const HARMS: readonly Effect[] = ['kills', 'wipes', 'joins', 'forms'];

export function has(change: HostChange['change'], effects: readonly Effect[]): boolean {
  return effects.some((effect) => change.effects?.includes(effect));
}

/** What an invariant needs to know of a system. */
export interface Safety<Observed> {
  /** True for a member that serves, refuses, is slow, is unintelligible or was not asked: it may have clients. */
  mayServe(answer: Answer<Observed>): boolean;
  /** True for a member whose answer leaves no doubt about its data: reachable, understood, at rest. */
  isKnownAtRest(answer: Answer<Observed>): boolean;
  /** Which cluster a change forms, where several members form one together; by default, each forms its own. */
  formedBy?(change: HostChange): string;
}

/**
 * Holds a decision against what was known when it was taken. Throws, with the decision, where
 * - a member that may serve is killed, wiped or made to take over other data;
 * - two members that may serve are disrupted in one stage;
 * - more than one cluster is formed, or one is formed while a member is not known to be at rest;
 * - a script does to a service or its data what the change does not declare.
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
