import { it as bare } from 'vitest';
import { step } from '../../src/playbook/step.ts';
import { LocalHosts } from '../support/local-hosts.ts';
import { written } from '../support/operations.ts';
import { aPlaybook } from '../support/run.ts';

/** A test with hosts of its own. */
// eslint-disable-next-line no-empty-pattern -- Vitest reads from it what a fixture needs.
export const it = bare.extend('hosts', ({}, { onCleanup }) => {
  const hosts = new LocalHosts();
  onCleanup(() => hosts.remove());
  return hosts;
});

/** Writes a, then b and c, on every host. */
export const files = aPlaybook('files', () => [
  step('Write a', written('a', 'A')),
  step('Write b', [written('b', 'B'), written('c', 'C')]),
]);
