import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { step } from '../../src/playbook/step.ts';
import { healthy, healthyWhereAnswered, written } from '../support/operations.ts';
import { aPlaybook, run } from '../support/run.ts';
import { anInventory } from '../support/inventory.ts';
import { it } from './it.ts';

it('leaves an unfit host unchanged, names it with a hint, and deploys the others', async ({ hosts }) => {
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
  expect(summary.hosts['controller3']).toMatchObject({ changes: 1, failed: 0 });
});

const members = anInventory().hosts;
const write = aPlaybook('p', () => [step('Write', written('a', 'A'))]);

it.for([
  [
    'in a way that cannot be understood',
    '[ "$HOST" = controller2 ] || echo yes',
    /no answer: it said nothing/,
  ],
  ['in parts', '[ "$HOST" = controller2 ] && kill -9 $$; echo yes', /is truncated/],
  ['not in time', '[ "$HOST" = controller2 ] && sleep 30; echo yes', /1\.5 s|2 s/],
] as const)(
  'leaves a host as it is that answers %s, and deploys the others',
  async ([, script, words], { hosts }) => {
    const { summary, events } = await run(hosts, [write], {
      gate: healthyWhereAnswered(members, script),
      probeTimeoutMs: 1500,
    });
    const rejected = events.filter((event) => event.event === 'rejected');
    expect(rejected).toHaveLength(1);
    expect(rejected[0]).toMatchObject({
      host: 'controller2',
      message: expect.stringMatching(words) as string,
    });
    expect(summary.refused).toMatch(/^controller2 failed the preflight check: answer: no answer: /);
    expect(existsSync(`${hosts.disk('controller2')}/a`)).toBe(false);
    expect(existsSync(`${hosts.disk('controller1')}/a`)).toBe(true);
  },
);

it('leaves a host unchanged whose connection drops and cannot be reopened', async ({ hosts }) => {
  hosts.dropAfter('controller2', () => {
    hosts.takeDown('controller2');
    return true;
  });
  const { summary } = await run(hosts, [write], { gate: healthyWhereAnswered(members, 'echo yes') });
  expect(summary.refused).toMatch(/^controller2 failed the preflight check: answer: no answer: /);
  expect(existsSync(`${hosts.disk('controller2')}/a`)).toBe(false);
  expect(summary.hosts['controller1']).toMatchObject({ changes: 1 });
});

it('reports a host that could not be connected to as unreachable, and not as unfit too', async ({
  hosts,
}) => {
  hosts.takeDown('controller2');
  const { summary, events } = await run(hosts, [write], { gate: healthyWhereAnswered(members, 'echo yes') });
  expect(events.filter((event) => event.event === 'rejected')).toEqual([]);
  expect(summary).toMatchObject({ unreachable: 1, changes: 2 });
  expect(summary.refused).toBeUndefined();
});

it('ends with a summary when it is interrupted before the first phase', async ({ hosts }) => {
  const controller = new AbortController();
  const { summary, outcomes } = await run(hosts, [write], {
    gate: healthyWhereAnswered(members, 'sleep 30; echo yes'),
    signal: controller.signal,
    emit: ({ event }) => {
      if (event === 'connected') setTimeout(() => controller.abort(new Error('interrupted')), 100);
    },
  });
  expect(summary).toMatchObject({ interrupted: true, failed: 0, changes: 0 });
  expect(outcomes).toEqual([]);
});
