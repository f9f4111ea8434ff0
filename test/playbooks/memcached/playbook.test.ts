import { describe, expect, it } from 'vitest';
import memcached from '../../../playbooks/memcached/playbook.ts';
import { cachesAnswer, parseStats, type CacheStats } from '../../../playbooks/memcached/health.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import { anInventory } from '../../support/inventory.ts';
import { contextOf, placedFile } from '../context.ts';

describe('the memcached playbook', () => {
  it('listens on the cluster address and loopback only, without UDP', () => {
    const context = contextOf(memcached, { settings: { memory_mb: 256 } });
    const conf = placedFile(memcached, context, 'controller2', '/etc/memcached.conf');
    expect(conf).toContain('-l 192.0.2.12,127.0.0.1\n');
    expect(conf).toContain('-U 0\n');
    expect(conf).toContain('-m 256\n');
  });
});

describe('the health of the caches', () => {
  const stats =
    'STAT pid 1\r\nSTAT version 1.6.18\r\nSTAT curr_connections 3\r\nSTAT bytes 1048576\r\nEND\r\n';
  const { hosts } = anInventory();

  it('has a finding for each cache, including those that do not answer', () => {
    const answers = new Map<string, Answer<CacheStats | undefined>>([
      ['controller1', { reachable: true, observed: parseStats(stats) }],
      ['controller2', { reachable: true, observed: parseStats('') }],
      ['controller3', { reachable: false, reason: 'timed out' }],
    ]);
    const findings = cachesAnswer(hosts, 'memcached').judge(answers);
    expect(findings.map(({ host, healthy, evidence }) => [host, healthy, evidence])).toEqual([
      ['controller1', true, '1.6.18, 3 connections, 1.0 MiB used'],
      ['controller2', false, 'no answer on port 11211'],
      ['controller3', false, 'timed out'],
    ]);
  });

  const takeovers = [
    { unit: 'memcached', hosts: hosts.map((host) => host.name), by: 'pacemaker', runsOn: 'one' as const },
  ];

  it.each([
    ['one host', ['controller2'], true, 'answers on controller2 (1.6.18, 3 connections, 1.0 MiB used)'],
    ['no host', [], false, 'answers on no host'],
    [
      'two hosts',
      ['controller1', 'controller3'],
      false,
      'answers on controller1 (1.6.18, 3 connections, 1.0 MiB used) and controller3 (1.6.18, 3 connections, 1.0 MiB used)',
    ],
  ])('has one finding if a cluster moves the cache, which runs on %s', (_, running, healthy, evidence) => {
    const answers = new Map<string, Answer<CacheStats | undefined>>(
      hosts.map(({ name }) => [
        name,
        { reachable: true, observed: parseStats(running.includes(name) ? stats : '') },
      ]),
    );
    const findings = cachesAnswer(hosts, 'memcached', takeovers).judge(answers);
    expect(findings.map((one) => [one.host, one.healthy, one.evidence])).toEqual([
      [undefined, healthy, evidence],
    ]);
  });

  it('is not verified on hosts where only a cluster starts the cache', () => {
    const steps = memcached.steps(contextOf(memcached, { takeovers }));
    expect(steps.some((step) => step.kind === 'verify')).toBe(false);
  });
});
