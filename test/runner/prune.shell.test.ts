import { describe, expect } from 'vitest';
import type { ClusterOperation, Operation } from '../../src/playbook/operation.ts';
import { step } from '../../src/playbook/step.ts';
import { aPlaybook, run } from '../support/run.ts';
import { anInventory } from '../support/inventory.ts';
import { it } from './it.ts';

/** Something that osha made once, and that nobody wants any more: it is there until it is removed. */
const leftover: Operation<boolean> = {
  scope: 'host',
  title: 'no leftover',
  probe: {
    script: '[ -e removed ] && echo gone || echo there',
    reads: ['file:leftover'],
    parse: ({ stdout }) => stdout.includes('there'),
  },
  decide: (there) =>
    there
      ? [
          {
            summary: 'remove the leftover',
            script: 'touch removed',
            touches: ['file:leftover'],
            prunes: true,
          },
        ]
      : [],
};

const onCluster: ClusterOperation<boolean> = {
  scope: 'cluster',
  title: 'no leftover in the cluster',
  members: anInventory().hosts,
  probe: () => leftover.probe,
  decide: (answers) => {
    const first = answers.get('controller1');
    const changes = first?.reachable === true ? leftover.decide(first.observed) : [];
    if (changes.length === 0) return { verdict: 'converged' };
    const stage = changes.map((change) => ({ host: 'controller1', change }));
    return { verdict: 'change', because: 'something is left over', stages: [stage] };
  },
};

describe.each([
  ['on hosts', aPlaybook('p', () => [step('Clean up', leftover)]), 3],
  ['in a cluster', aPlaybook('p', () => [step('Clean up', onCluster)]), 1],
])('what osha made and the inventory does not name any more, %s', (_, book, count) => {
  it('is reported by name and left alone', async ({ hosts }) => {
    const { summary, events } = await run(hosts, [book]);
    expect(summary).toMatchObject({ changes: 0, failed: 0 });
    expect(events.filter((event) => event.event === 'prunable')).toHaveLength(count);
    expect(events.filter((event) => event.event === 'change')).toEqual([]);
  });

  it('is a pending change of a diff only with --prune', async ({ hosts }) => {
    expect((await run(hosts, [book], { mode: 'diff' })).summary.changes).toBe(0);
    expect((await run(hosts, [book], { mode: 'diff', prune: true })).summary.changes).toBe(count);
  });

  it('is removed with --prune, and verified to be gone', async ({ hosts }) => {
    const { summary } = await run(hosts, [book], { prune: true });
    expect(summary).toMatchObject({ changes: count, failed: 0 });
    expect((await run(hosts, [book])).events.filter((event) => event.event === 'prunable')).toEqual([]);
  });
});
