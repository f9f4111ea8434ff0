import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCib } from '../../../src/operations/pacemaker/cib.ts';
import { parseMonitor } from '../../../src/operations/pacemaker/monitor.ts';
import { decideResources, type DesiredResources } from '../../../src/operations/pacemaker/resources.ts';

function fixture(name: string): string {
  return readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8');
}

const vip = (name: string, ip: string): DesiredResources['resources'][number] => ({
  id: `vip-${name}`,
  agent: 'ocf:heartbeat:IPaddr2',
  options: { ip, cidr_netmask: '24', nic: 'eth0' },
  monitorSeconds: 10,
});
const haproxy = {
  id: 'haproxy',
  agent: 'systemd:haproxy',
  options: {},
  monitorSeconds: 10,
  clone: true,
} as const;

/** What the cluster of the fixtures was made from. */
const desired: DesiredResources = {
  properties: { 'cluster-recheck-interval': '5min', 'stonith-enabled': 'false' },
  defaults: {},
  resources: [haproxy, vip('api', '172.29.77.20'), vip('database', '172.29.77.21')],
  orders: [{ first: 'vip-api', then: 'haproxy-clone', kind: 'Optional' }],
  colocations: [{ resource: 'vip-api', with: 'haproxy-clone', score: 'INFINITY' }],
};

function commands(wanted: Partial<DesiredResources>, monitor = 'crm-mon.xml'): readonly string[] {
  const state = { cib: parseCib(fixture('cib.xml')), monitor: parseMonitor(fixture(monitor)) };
  return decideResources({ ...desired, ...wanted }, state).map((change) => change.script);
}

describe('the resources of a cluster', () => {
  it('are left as they are where they are what is desired', () => {
    expect(commands({})).toEqual([]);
  });

  it.each<[string, Partial<DesiredResources>, readonly string[]]>([
    [
      'one more virtual IP is created, and nothing else',
      { resources: [...desired.resources, vip('messaging', '172.29.77.22')] },
      [
        'pcs resource create vip-messaging ocf:heartbeat:IPaddr2 ip=172.29.77.22 cidr_netmask=24 nic=eth0 op monitor interval=10s',
      ],
    ],
    [
      'a changed address changes that resource',
      { resources: [haproxy, vip('api', '172.29.77.30'), vip('database', '172.29.77.21')] },
      ['pcs resource update vip-api ip=172.29.77.30 cidr_netmask=24 nic=eth0 op monitor interval=10s'],
    ],
    [
      'a changed interval changes that resource',
      { resources: [{ ...haproxy, monitorSeconds: 5 }] },
      ['pcs resource update haproxy op monitor interval=5s'],
    ],
    [
      'a resource that is another kind of thing is made anew',
      { resources: [{ ...haproxy, agent: 'systemd:nginx' }] },
      [
        'pcs resource delete haproxy --force',
        'pcs resource create haproxy systemd:nginx op monitor interval=10s clone',
      ],
    ],
    [
      'a changed property is set',
      { properties: { 'cluster-recheck-interval': '1min' } },
      ['pcs property set cluster-recheck-interval=1min'],
    ],
    [
      'changed properties are set with one command',
      { properties: { 'cluster-recheck-interval': '1min', 'no-quorum-policy': 'freeze' } },
      ['pcs property set cluster-recheck-interval=1min no-quorum-policy=freeze'],
    ],
    [
      'a resource for one member that is to run on every one is cloned',
      { resources: [haproxy, { ...vip('api', '172.29.77.20'), clone: true }] },
      ['pcs resource clone vip-api'],
    ],
    [
      'a default that is not there is set',
      { defaults: { 'resource-stickiness': '100' } },
      ['pcs resource defaults update resource-stickiness=100'],
    ],
    [
      'a constraint that is missing is added',
      { orders: [{ first: 'vip-api', then: 'vip-database', kind: 'Mandatory' }] },
      ['pcs constraint order vip-api then vip-database kind=Mandatory'],
    ],
    [
      'a colocation of another score takes the place of the old one',
      { colocations: [{ resource: 'vip-api', with: 'haproxy-clone', score: '100' }] },
      [
        'pcs constraint delete colocation-vip-api-haproxy-clone-INFINITY',
        'pcs constraint colocation add vip-api with haproxy-clone score=100',
      ],
    ],
    [
      'what the inventory does not name is left alone',
      { resources: [haproxy], orders: [], colocations: [] },
      [],
    ],
  ])('%s', (_, wanted, expected) => {
    expect(commands(wanted)).toEqual(expected);
  });

  it('are cleaned up where one failed and stands still', () => {
    expect(commands({}, 'crm-mon-haproxy-failed.xml')).toEqual(['pcs resource cleanup haproxy']);
  });

  it('are enabled where somebody disabled them', () => {
    const off = fixture('cib.xml').replace(
      '<clone id="haproxy-clone">',
      '<clone id="haproxy-clone"><meta_attributes id="m"><nvpair id="t" name="target-role" value="Stopped"/></meta_attributes>',
    );
    const state = { cib: parseCib(off), monitor: parseMonitor(fixture('crm-mon.xml')) };
    expect(decideResources(desired, state).map((change) => change.script)).toEqual([
      'pcs resource enable haproxy',
    ]);
  });

  it('are not made while another resource holds the same address', () => {
    const renamed = { ...vip('public', '172.29.77.20') };
    expect(() => commands({ resources: [haproxy, renamed] })).toThrow(
      "the cluster's resource vip-api holds 172.29.77.20, which is for vip-public: if it is no longer needed, pcs resource delete vip-api",
    );
  });
});
