import { describe, expect, it } from 'vitest';
import { isDrained, servers, serversToChange } from '../../../playbooks/haproxy/drained.ts';
import type { ServerState } from '../../../playbooks/haproxy/health.ts';
import type { Vip } from '../../../src/inventory/types.ts';
import type { Frontend } from '../../../src/playbook/playbook.ts';
import { aHost } from '../../support/inventory.ts';

const state = (section: string, server: string, status: string): ServerState => ({
  section,
  server,
  status,
  check: 'L4OK',
});
const [c1, c2] = [aHost('c1'), aHost('c2')];
const vip = (name: string, holders: readonly string[]): Vip => ({
  name,
  address: '192.0.2.20',
  prefixLength: 24,
  interface: 'eth0',
  by: 'pacemaker',
  haproxy: true,
  holders,
});
const frontend = (name: string, on: string, hosts: readonly string[]): Frontend => ({
  ...{ name, vip: on, port: 80, mode: 'tcp', balance: 'source', active: 'all' },
  servers: hosts.map((host) => ({ host, address: '192.0.2.1', port: 80 })),
});
const options = {
  frontends: [
    frontend('api', 'api', ['c1', 'c2']),
    frontend('broker', 'api', ['c1', 'c2']),
    frontend('dashboard', 'web', ['c1', 'c2']),
    frontend('volume', 'api', ['c2']),
  ],
  vips: [vip('api', ['c2']), vip('web', ['c3'])],
  unit: 'haproxy',
};

describe('a server of HAProxy', () => {
  it.each([
    ['UP', false],
    ['UP 1/3', false],
    ['DOWN', false],
    ['DOWN 1/2', false],
    ['NOLB', false],
    // On the way: sessions may be left.
    ['DRAIN', false],
    ['MAINT', true],
    ['MAINT (via api/c1)', true],
    ['MAINT (resolution)', true],
    ['no check', false],
    ['', false],
  ])('with the status "%s" is drained: %s', (status, expected) => {
    expect(isDrained(status)).toBe(expected);
  });

  type Case = readonly [name: string, wanted: 'drained' | 'ready', ServerState, changes: boolean];
  it.each<Case>([
    ['up', 'drained', state('api', 'c1', 'UP'), true],
    ['down: it could come back during the maintenance', 'drained', state('api', 'c1', 'DOWN'), true],
    ['whose drain was interrupted', 'drained', state('api', 'c1', 'DRAIN'), true],
    ['in maintenance', 'drained', state('api', 'c1', 'MAINT'), false],
    ['of another host', 'drained', state('api', 'c2', 'UP'), false],
    ['of another section', 'drained', state('dashboard', 'c1', 'UP'), false],
    ['that is the sum of a section', 'drained', state('api', 'BACKEND', 'UP'), false],
    ['in maintenance', 'ready', state('api', 'c1', 'MAINT'), true],
    ['up', 'ready', state('api', 'c1', 'UP'), false],
    ['down', 'ready', state('api', 'c1', 'DOWN'), false],
  ])('%s, wanted %s', (_, wanted, server, changes) => {
    const found = serversToChange([server], { host: 'c1', sections: ['api', 'broker'], wanted });
    expect(found).toEqual(changes ? [server] : []);
  });
});

describe('the servers of a host', () => {
  const up = ['api', 'broker', 'dashboard'].map((section) => state(section, 'c1', 'UP'));
  const maint = up.map((one) => ({ ...one, status: 'MAINT' }));

  it('are drained in the sections that this HAProxy has', () => {
    const [change, ...more] = servers(c2, c1, 'drained', options).decide(up);
    expect(more).toEqual([]);
    expect(change?.summary).toBe('send no clients to c1 (api, broker)');
    expect(change?.script).not.toContain('dashboard');
    expect(change?.script).not.toContain('volume');
  });

  it('get clients again', () => {
    const [change] = servers(c2, c1, 'ready', options).decide(maint);
    expect(change?.summary).toBe('send clients to c1 again (api, broker)');
  });

  it.each([
    ['drained, and are', 'drained', maint],
    ['ready, and are', 'ready', up],
    ['drained, where HAProxy does not run', 'drained', undefined],
    ['ready, where HAProxy does not run', 'ready', undefined],
  ] as const)('need no change: wanted %s', (_, wanted, states) => {
    expect(servers(c2, c1, wanted, options).decide(states)).toEqual([]);
  });

  it('cannot be judged from an answer that is no table', () => {
    const { probe } = servers(c2, c1, 'drained', options);
    expect(() => probe.parse({ stdout: 'Permission denied', stderr: '', exitCode: 0 })).toThrow(
      'unexpected output of "show stat"',
    );
  });
});
