import { describe, expect, it } from 'vitest';
import type { HaproxyState } from '../../../playbooks/haproxy/health.ts';
import { judgeSpare, life } from '../../../playbooks/haproxy/life.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import type { Takeover } from '../../../src/playbook/takeover.ts';
import type { Vip } from '../../../src/inventory/types.ts';
import { aHost } from '../../support/inventory.ts';

const hosts = ['c1', 'c2', 'c3'].map((name) => aHost(name));
const away: Answer<HaproxyState> = { reachable: false, reason: 'timed out' };
const says = (observed: Partial<HaproxyState>): Answer<HaproxyState> => ({
  reachable: true,
  observed: { managed: false, ...observed },
});
const up = says({ servers: [{ section: 'api', server: 'c2', status: 'DOWN', check: 'L4TOUT' }] });
const down = says({});
const managed = says({ managed: true });
const api: Vip = {
  name: 'api',
  address: '192.0.2.20',
  prefixLength: 24,
  interface: 'eth0',
  by: 'keepalived',
  haproxy: true,
  holders: ['c1', 'c2'],
};
const toPacemaker: Takeover = {
  unit: 'haproxy',
  hosts: ['c1', 'c2', 'c3'],
  by: 'pacemaker',
  runsOn: 'one',
};

describe('whether a load balancer can be stopped', () => {
  it.each<[string, readonly Answer<HaproxyState>[], readonly Takeover[], string, string]>([
    ['it runs on another holder, with servers down behind it', [up, up, away], [], 'spared', 'runs on c2'],
    ['it is down already', [away, up, up], [], 'spared', 'runs on c2, c3'],
    [
      'it runs on a host that cannot hold the address',
      [up, down, up],
      [],
      'needed',
      'no other holder of api',
    ],
    ['the other holder is unreachable', [up, away, up], [], 'unknown', 'it runs on no other holder of api'],
    [
      'a cluster can run it elsewhere',
      [up, managed, down],
      [toPacemaker],
      'spared',
      'pacemaker can run it on c2',
    ],
    [
      'its cluster runs nowhere else',
      [up, down, down],
      [toPacemaker],
      'needed',
      'pacemaker runs on no other host',
    ],
  ])('%s', (_, said, takeovers, verdict, evidence) => {
    const answers = new Map(hosts.map(({ name }, index) => [name, said[index] ?? away]));
    const options = { hosts, vips: [api], takeovers, unit: 'haproxy' };
    expect(judgeSpare({ name: 'c1' }, answers, options)).toMatchObject({
      verdict,
      evidence: expect.stringContaining(evidence) as string,
    });
  });

  it('asks for any other host where it holds no virtual IP', () => {
    const answers = new Map(hosts.map(({ name }) => [name, name === 'c2' ? up : down]));
    const options = { hosts, vips: [], takeovers: [], unit: 'haproxy' };
    expect(judgeSpare({ name: 'c1' }, answers, options).verdict).toBe('spared');
    expect(judgeSpare({ name: 'c2' }, answers, options).verdict).toBe('needed');
  });
});

describe('the drain of a host behind load balancers', () => {
  const frontend = (name: string, vip: string, servers: readonly string[]) => ({
    ...({ name, vip, port: 80, mode: 'tcp', balance: 'source', active: 'all' } as const),
    servers: servers.map((host) => ({ host, address: '192.0.2.1', port: 80 })),
  });
  const declared = life({
    hosts,
    frontends: [frontend('api', 'api', ['c1', 'c3', 'k1']), frontend('web', 'web', ['c3'])],
    vips: [api, { ...api, name: 'web', holders: ['c3'] }],
    unit: 'haproxy',
    takeovers: [],
    taken: 'surely',
  });

  it.each([
    ['c1', ['c2']],
    // Its own HAProxy keeps its servers: no client comes to it any more.
    ['c2', []],
    ['c3', ['c1', 'c2']],
    ['k1', ['c1', 'c2']],
    ['k2', []],
  ])('%s changes HAProxy on %j, where it has servers', (name, expected) => {
    const host = hosts.find((one) => one.name === name) ?? aHost(name);
    for (const steps of [declared.drain?.(host) ?? [], declared.undrain?.(host) ?? []]) {
      expect(steps.flatMap((one) => one.hosts?.map((on) => on.name) ?? 'all')).toEqual(expected);
      expect(steps).toHaveLength(expected.length === 0 ? 0 : 1);
    }
  });
});
