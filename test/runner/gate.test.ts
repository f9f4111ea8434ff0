import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { step } from '../../src/playbook/step.ts';
import { healthy, written } from '../support/operations.ts';
import { aPlaybook, run } from '../support/run.ts';
import { anInventory } from '../support/inventory.ts';
import { it } from './it.ts';

it('leaves a host that is not fit as it is, names it with a hint, and deploys the others', async ({
  hosts,
}) => {
  const fit = healthy(anInventory().hosts);
  const gate = {
    ...fit,
    judge: () => [
      { host: 'controller2', subject: 'free disk', healthy: false, evidence: '0.1 GiB', hint: 'make room' },
    ],
  };
  const { summary, events } = await run(hosts, [aPlaybook('p', () => [step('Write', written('a', 'A'))])], {
    gate,
  });
  expect(summary.refused).toBe('controller2 failed the preflight check: free disk: 0.1 GiB');
  expect(events).toContainEqual({
    event: 'rejected',
    host: 'controller2',
    message: 'free disk: 0.1 GiB',
    hint: 'make room',
  });
  expect(existsSync(`${hosts.disk('controller2')}/a`)).toBe(false);
  expect(existsSync(`${hosts.disk('controller1')}/a`)).toBe(true);
  expect(summary.hosts['controller3']).toMatchObject({ changed: 1, failed: 0 });
});
