import { expect } from 'vitest';
import { observeHealth, type HealthReport } from '../../src/runner/health.ts';
import type { HealthCheck } from '../../src/playbook/operation.ts';
import { anInventory } from '../support/inventory.ts';
import type { LocalHosts } from '../support/local-hosts.ts';
import { it } from './it.ts';

const members = anInventory().hosts;

/** A check that has nothing to say of a host that gave no answer, and adds up what the others said. */
function asking(script: string): HealthCheck<string> {
  return {
    scope: 'health',
    title: 'A word',
    members,
    probe: () => ({ script, reads: [], parse: ({ stdout }) => stdout }),
    judge: (answers) => {
      const said = [...answers].flatMap(([host, { reachable }]) => (reachable ? [host] : []));
      return [
        ...said.map((host) => ({ host, subject: 'word', healthy: true, evidence: 'yes' })),
        { subject: 'words', healthy: said.length === members.length, evidence: `${said.length} of 3` },
      ];
    },
    advise: () => [
      { subject: 'words', evidence: 'could be longer' },
      { subject: 'word', host: 'controller3', evidence: 'is short' },
    ],
  };
}

function report(hosts: LocalHosts, script: string, asked = members): Promise<HealthReport> {
  return observeHealth(asked, [{ system: 'word', title: 'A word', check: asking(script) }], {
    transport: hosts,
    forks: 10,
    connectTimeoutMs: 10_000,
    probeTimeoutMs: 1500,
    acceptNew: false,
    signal: new AbortController().signal,
    emit: () => undefined,
  });
}

it('reports a host as unhealthy that did not answer in time', async ({ hosts }) => {
  const { healthy: whole, systems } = await report(hosts, '[ "$HOST" = controller2 ] && sleep 30; echo yes');
  expect(whole).toBe(false);
  expect(systems[0]?.findings.filter((finding) => !finding.healthy)).toMatchObject([
    { subject: 'words', evidence: '2 of 3' },
    { host: 'controller2', subject: 'answer', evidence: expect.stringMatching(/^no answer: /) as string },
  ]);
});

it('reports an unreachable host once, and not for each of its systems', async ({ hosts }) => {
  hosts.takeDown('controller2');
  const { healthy: whole, systems, unreachable } = await report(hosts, 'echo yes');
  expect(whole).toBe(false);
  expect(unreachable.map(({ host }) => host)).toEqual(['controller2']);
  expect(systems[0]?.findings.map(({ host }) => host)).toEqual(['controller1', 'controller3', undefined]);
});

it('states nothing about a system of which no member answered', async ({ hosts }) => {
  for (const { name } of members) hosts.takeDown(name);
  const { systems } = await report(hosts, 'echo yes');
  expect(systems[0]?.findings).toEqual([
    { subject: 'words', healthy: false, unknown: true, evidence: 'unknown: no host answered' },
  ]);
});

it('asks no host that --limit leaves out, and reports findings about the whole cluster as unknown', async ({
  hosts,
}) => {
  const { healthy: whole, systems } = await report(hosts, 'echo yes', members.slice(0, 1));
  expect(hosts.sent.every((sent) => sent.startsWith('controller1: '))).toBe(true);
  expect(systems[0]?.findings).toMatchObject([
    { host: 'controller1', healthy: true },
    { subject: 'words', unknown: true, evidence: '1 of 3; left out by --limit: controller2, controller3' },
  ]);
  expect(whole).toBe(true);
});

it('gives the advice of a check about hosts that were asked', async ({ hosts }) => {
  const { healthy: whole, systems } = await report(hosts, 'echo yes');
  expect(whole).toBe(true);
  expect(systems[0]?.advice.map(({ subject }) => subject)).toEqual(['words', 'word']);
  const [limited] = (await report(hosts, 'echo yes', members.slice(0, 1))).systems;
  expect(limited?.advice.map(({ subject }) => subject)).toEqual(['words']);
});
