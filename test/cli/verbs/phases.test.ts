import { expect, it } from 'vitest';
import { concurrencyOf, listedPhases } from '../../../src/cli/verbs/phases.ts';
import type { Playbook } from '../../../src/playbook/playbook.ts';
import { aPlaybook } from '../../support/run.ts';

it('lists phases, and which of them run in parallel or only when named', () => {
  const plain = (name: string, ...needs: readonly string[]): Playbook => aPlaybook(name, () => [], needs);
  const listed = listedPhases([
    plain('keystone'),
    { ...plain('rotate', 'keystone'), manual: true },
    { ...plain('glance', 'keystone'), wave: 'services' },
    { ...plain('nova', 'keystone'), wave: 'services' },
  ]);
  expect(listed.map((phase) => [phase.phase, concurrencyOf(phase)])).toEqual([
    ['keystone', ''],
    ['rotate', 'only when named'],
    ['glance', 'in parallel with nova'],
    ['nova', 'in parallel with glance'],
  ]);
  expect(listed[1]).toEqual({
    phase: 'rotate',
    title: 'rotate',
    needs: ['keystone'],
    parallelWith: [],
    manual: true,
  });
});
