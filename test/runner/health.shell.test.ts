import { expect } from 'vitest';
import { observeHealth, type HealthReport } from '../../src/runner/health.ts';
import { anInventory } from '../support/inventory.ts';
import type { LocalHosts } from '../support/local-hosts.ts';
import { healthyWhereAnswered } from '../support/operations.ts';
import { it } from './it.ts';

const members = anInventory().hosts;

function report(hosts: LocalHosts, script: string): Promise<HealthReport> {
  return observeHealth(
    members,
    [{ system: 'word', title: 'A word', check: healthyWhereAnswered(members, script) }],
    {
      transport: hosts,
      forks: 10,
      connectTimeoutMs: 10_000,
      probeTimeoutMs: 1500,
      acceptNew: false,
      signal: new AbortController().signal,
      emit: () => undefined,
    },
  );
}

it('finds a host unhealthy that was asked and gave no answer in time', async ({ hosts }) => {
  const { healthy: whole, systems } = await report(hosts, '[ "$HOST" = controller2 ] && sleep 30; echo yes');
  expect(whole).toBe(false);
  expect(systems[0]?.findings.filter((finding) => !finding.healthy)).toMatchObject([
    { host: 'controller2', subject: 'answer', evidence: expect.stringMatching(/^no answer: /) as string },
  ]);
});

it('tells a host that cannot be reached once, and not by each of its systems', async ({ hosts }) => {
  hosts.takeDown('controller2');
  const { healthy: whole, systems, unreachable } = await report(hosts, 'echo yes');
  expect(whole).toBe(false);
  expect(unreachable.map(({ host }) => host)).toEqual(['controller2']);
  expect(systems[0]?.findings.map(({ host }) => host)).toEqual(['controller1', 'controller3']);
});
