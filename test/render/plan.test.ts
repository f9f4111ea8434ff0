import { expect, it } from 'vitest';
import { createPlan } from '../../src/planner/plan.ts';
import { platformOf } from '../../src/platform/index.ts';
import type { Playbook } from '../../src/playbook/playbook.ts';
import { step } from '../../src/playbook/step.ts';
import { planTable } from '../../src/render/plan.ts';
import { anInventory } from '../support/inventory.ts';
import { written } from '../support/operations.ts';
import { aPlaybook } from '../support/run.ts';

it('prints phases in order, which of them run in parallel, and the arguments of --from', () => {
  const service = (name: string): Playbook => ({
    ...aPlaybook(name, () => [step(`Run ${name}`, written(name, 'x'), { once: true })]),
    wave: 'services',
  });
  const plan = createPlan({
    playbooks: [
      aPlaybook('base', () => [step('Install', written('a', 'x'))]),
      service('glance'),
      service('nova'),
    ],
    inventory: anInventory(),
    secrets: {},
    platform: platformOf('debian-12'),
  });
  expect(planTable(plan)).toMatchInlineSnapshot(`
    "1. base (base) on controller1, controller2, controller3
       STEP     STRATEGY     --FROM
       Install  in parallel  base:install

    2. glance (glance) on controller1, controller2, controller3, in parallel with nova
       STEP        STRATEGY  --FROM
       Run glance  once      glance:run-glance

    3. nova (nova) on controller1, controller2, controller3, in parallel with glance
       STEP      STRATEGY  --FROM
       Run nova  once      nova:run-nova

    3 phases, 3 steps, on 3 hosts; no host was contacted."
  `);
});

it('prints no arguments of --from for what does not resume at a step', () => {
  const plan = createPlan({
    playbooks: [
      aPlaybook('base', (hosts) => [
        step('Install', written('a', 'x')),
        step('Clean up', written('b', 'x'), { hosts: hosts.slice(0, 1) }),
      ]),
    ],
    inventory: anInventory(),
    secrets: {},
    platform: platformOf('debian-12'),
  });
  expect(planTable(plan, { resumable: false })).toMatchInlineSnapshot(`
    "1. base (base)
       STEP      STRATEGY     HOSTS
       Install   in parallel  controller1, controller2, controller3
       Clean up  in parallel  controller1

    1 phase, 2 steps, on 3 hosts; no host was contacted."
  `);
});
