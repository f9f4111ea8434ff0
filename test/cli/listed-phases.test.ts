import { expect, it } from 'vitest';
import { inWords, listedPhases } from '../../src/cli/listed-phases.ts';
import type { Playbook } from '../../src/playbook/playbook.ts';
import { aPlaybook } from '../support/run.ts';

it('lists phases with how they run, where that is not one after another', () => {
  const plain = (name: string, ...needs: readonly string[]): Playbook => aPlaybook(name, () => [], needs);
  const listed = listedPhases([
    plain('keystone'),
    { ...plain('rotate', 'keystone'), manual: true },
    { ...plain('glance', 'keystone'), sideBySide: 'services' },
    { ...plain('nova', 'keystone'), sideBySide: 'services' },
  ]);
  expect(listed.map((phase) => [phase.phase, inWords(phase)])).toEqual([
    ['keystone', ''],
    ['rotate', 'only when named'],
    ['glance', 'in parallel with nova'],
    ['nova', 'in parallel with glance'],
  ]);
  expect(listed[1]).toEqual({
    phase: 'rotate',
    title: 'rotate',
    needs: ['keystone'],
    sideBySideWith: [],
    manual: true,
  });
});
