import { AccessRefused, type Probe, type ResourceKey } from '../../playbook/operation.ts';
import type { Text } from '../../secrets/text.ts';
import { heldBy } from '../held.ts';
import { unitReads } from '../unit-state.ts';
import { accessHint, accessProblem } from './access.ts';

/** What every question to the server depends on: whether it runs, and whose data it has. */
const READS: readonly ResourceKey[] = ['cluster:galera/data', ...unitReads('mariadb')];

/** Rows that the server gave, or none where it does not answer. */
export interface Rows {
  readonly answers: boolean;
  readonly rows: readonly (readonly string[])[];
}

/**
 * A probe from a script that prints rows with tabs between. A server that is not up is no error: the change that comes
 * of it fails by itself if it still is not up then, and says why. One that runs and lets root in nowhere is an
 * `AccessRefused`: what it has is not known, so nothing follows from it.
 */
export function rowsProbe(script: string, reads: readonly ResourceKey[], input?: Text): Probe<Rows> {
  return {
    script,
    ...(input === undefined ? {} : { input }),
    reads: [...READS, ...reads],
    parse: ({ stdout, stderr, exitCode }) => {
      const problem = accessProblem(undefined, stderr);
      if (problem !== undefined) throw new AccessRefused(problem, accessHint(undefined, stderr));
      return {
        answers: exitCode === 0,
        rows: stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => line.split('\t')),
      };
    },
    foresee: heldBy('mariadb', ({ answers }) => answers),
  };
}
