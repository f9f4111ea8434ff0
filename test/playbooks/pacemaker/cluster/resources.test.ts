import { describe, expect, it } from 'vitest';
import type { DesiredResources } from '../../../../playbooks/pacemaker/cluster/desired.ts';
import {
  RECORDED,
  api,
  changes,
  clones,
  database,
  fixture,
  grouped,
  haproxy,
  location,
  summaries,
  vip,
  withHaproxy,
} from './desires.ts';

describe('the resources of a cluster', () => {
  it('are left as they are where they are what is desired', () => {
    expect(summaries(clones)).toEqual([]);
    expect(summaries(grouped, fixture('cib-group.xml'))).toEqual([]);
  });

  it("are noted as osha's where they were made before it noted anything", () => {
    const told = summaries(clones, fixture('cib.xml'));
    expect(told).toEqual([
      "note that these are the inventory's: haproxy, haproxy-clone, vip-api, vip-database, order-vip-api-haproxy-clone-Optional, order-vip-database-haproxy-clone-Optional, colocation-vip-api-haproxy-clone-INFINITY, colocation-vip-database-haproxy-clone-INFINITY",
    ]);
  });

  it.each<[string, Partial<DesiredResources>, readonly string[]]>([
    [
      'one more virtual IP is created with its constraints, and nothing else',
      {
        resources: [...clones.resources, vip('messaging', '172.29.77.22')],
        constraints: [...clones.constraints, ...withHaproxy('vip-messaging')],
      },
      [
        'create vip-messaging (ocf:heartbeat:IPaddr2); start vip-messaging before haproxy-clone (Optional); keep vip-messaging with haproxy-clone (INFINITY)',
      ],
    ],
    [
      'a changed address changes that resource',
      { resources: [haproxy, vip('api', '172.29.77.30'), database] },
      ['change vip-api: ip from 172.29.77.20 to 172.29.77.30'],
    ],
    [
      'a changed interval changes that resource',
      { resources: [{ ...haproxy, monitorSeconds: 5 }, api, database] },
      ['change haproxy: monitor from 10s to 5s'],
    ],
    [
      'a resource that is another kind of thing is made anew',
      { resources: [{ ...haproxy, agent: 'systemd:nginx' }, api, database] },
      [
        'remove haproxy, which is another kind of resource (systemd:haproxy)',
        'create haproxy (systemd:nginx) on every member',
      ],
    ],
    [
      'a changed property is set',
      { properties: { ...clones.properties, 'cluster-recheck-interval': '1min' } },
      ['set properties of the cluster: cluster-recheck-interval to 1min (it is 5min)'],
    ],
    [
      'a default that is not there is set',
      { defaults: { 'resource-stickiness': '100' } },
      ['set defaults of resources: resource-stickiness to 100'],
    ],
    [
      'a resource for one member that is to run on every one is cloned',
      { resources: [haproxy, { ...api, clone: true }, database] },
      ['run vip-api on every member'],
    ],
    [
      'a constraint that is missing is added',
      { constraints: [...clones.constraints, location('vip-api', 'controller1', '50')] },
      ['prefer controller1 for vip-api (50)'],
    ],
    [
      'a colocation of another score takes the place of the old one',
      {
        constraints: clones.constraints.map((one) =>
          one.kind === 'colocation' && one.resource === 'vip-api' ? { ...one, strength: '100' } : one,
        ),
      },
      ['keep vip-api with haproxy-clone (100); it is INFINITY'],
    ],
    [
      'an order the other way round takes the place of the old one',
      {
        constraints: clones.constraints.map((one) =>
          one.kind === 'order' && one.resource === 'vip-api'
            ? { ...one, resource: one.other, other: one.resource }
            : one,
        ),
      },
      ['start haproxy-clone before vip-api (Optional); it is Optional'],
    ],
    [
      'a virtual IP that is no longer named is offered for removal with its constraints',
      { resources: [haproxy, api], constraints: withHaproxy('vip-api') },
      ['prune: remove the virtual IP database (resource vip-database)'],
    ],
    [
      'a constraint that is no longer named is offered for removal',
      { constraints: withHaproxy('vip-api') },
      [
        'prune: remove the constraint order-vip-database-haproxy-clone-Optional (start vip-database before haproxy-clone (Optional))',
        'prune: remove the constraint colocation-vip-database-haproxy-clone-INFINITY (keep vip-database with haproxy-clone (INFINITY))',
      ],
    ],
    [
      'a clone and a virtual IP become a group, at once, and their old constraints go without a word',
      { ...grouped },
      [
        'move vip-api into the group web; move haproxy into the group web after vip-api; create memcached (systemd:memcached) in the group web after haproxy; prefer controller1 for web (100); prefer controller2 for web (50); never run web on controller3',
      ],
    ],
  ])('%s', (_, wanted, expected) => {
    expect(summaries({ ...clones, ...wanted })).toEqual(expected);
  });

  it('that osha did not note are not removed', () => {
    const wanted = { ...clones, resources: [haproxy, api], constraints: withHaproxy('vip-api') };
    expect(summaries(wanted, fixture('cib.xml')).some((told) => told.startsWith('prune'))).toBe(false);
  });

  it('leave what an operator banned or moved by hand', () => {
    const banned = RECORDED.replace(
      '</constraints>',
      '<rsc_location id="cli-ban-vip-api-on-controller1" rsc="vip-api" node="controller1" score="-INFINITY"/></constraints>',
    );
    const [change] = changes(
      { ...clones, constraints: [...clones.constraints, location('vip-api', 'controller1', '50')] },
      banned,
    );
    expect(change?.script).not.toContain('cli-ban');
  });

  it('are made on a copy and brought in at once, together with the note that osha made them', () => {
    const [change] = changes({
      ...clones,
      resources: [...clones.resources, vip('messaging', '172.29.77.22')],
      constraints: [...clones.constraints, ...withHaproxy('vip-messaging')],
    });
    const script = change?.script ?? '';
    expect(script).toContain(
      'pcs -f "$d/new" resource create vip-messaging ocf:heartbeat:IPaddr2 ip=172.29.77.22 cidr_netmask=24 nic=eth0 op monitor interval=10s',
    );
    expect(script).toContain(
      'for id in $made vip-messaging order-vip-messaging-haproxy-clone colocation-vip-messaging-haproxy-clone; do',
    );
    expect(script.indexOf('cibadmin --patch')).toBeGreaterThan(script.indexOf('crm_attribute'));
  });

  it('are cleaned up where one failed and stands still', () => {
    expect(changes(clones, RECORDED, 'crm-mon-haproxy-failed.xml').map(({ script }) => script)).toEqual([
      'pcs resource cleanup haproxy',
    ]);
  });

  it('are enabled where somebody disabled them', () => {
    const off = RECORDED.replace(
      '<clone id="haproxy-clone">',
      '<clone id="haproxy-clone"><meta_attributes id="m"><nvpair id="t" name="target-role" value="Stopped"/></meta_attributes>',
    );
    expect(changes(clones, off).map(({ script }) => script)).toEqual(['pcs resource enable haproxy']);
  });

  it('say what the cluster may do to what runs', () => {
    const effectsOf = (wanted: Partial<DesiredResources>, cib = RECORDED): readonly unknown[] =>
      changes({ ...clones, ...wanted }, cib).map(({ effects }) => effects);
    const { resources } = clones;
    expect(effectsOf({ properties: { ...clones.properties, 'no-quorum-policy': 'ignore' } })).toEqual([[]]);
    expect(effectsOf({ properties: { 'maintenance-mode': 'true' } })).toEqual([['stops', 'restarts']]);
    expect(effectsOf({ resources: [{ ...haproxy, monitorSeconds: 5 }, api, database] })).toEqual([[]]);
    expect(effectsOf({ resources: [haproxy, vip('api', '172.29.77.30'), database] })).toEqual([['restarts']]);
    expect(effectsOf({ resources: [...resources, vip('more', '172.29.77.22')] })).toEqual([['starts']]);
    expect(effectsOf({ resources: [haproxy, { ...api, clone: true }, database] })).toEqual([
      ['stops', 'restarts'],
    ]);
    expect(effectsOf({ resources: [haproxy, api], constraints: withHaproxy('vip-api') })).toEqual([
      ['stops'],
    ]);
    expect(effectsOf({}, fixture('cib.xml'))).toEqual([[]]);
  });

  it('are stopped before they go where they become another kind of thing', () => {
    const wanted = { ...clones, resources: [{ ...haproxy, agent: 'systemd:nginx' }, api, database] };
    expect(changes(wanted)[0]).toMatchObject({ script: 'pcs resource delete haproxy', effects: ['stops'] });
  });

  it.each<[string, () => unknown, string]>([
    [
      'another resource holds the same address',
      () => changes({ ...clones, resources: [haproxy, vip('public', '172.29.77.20')] }),
      "the cluster's resource vip-api holds 172.29.77.20, which is for vip-public: if it is no longer needed: pcs resource delete vip-api",
    ],
    [
      'one of them still holds the address of another one',
      () =>
        changes({
          ...clones,
          resources: [haproxy, vip('api', '172.29.77.21'), vip('database', '172.29.77.22')],
        }),
      "the cluster's resource vip-database holds 172.29.77.21, which is for vip-api: one at a time: deploy vip-database with its new address first, and vip-api after that; where they change places, give one of them a third address in between",
    ],
    [
      'one that somebody else made has the same name, and is another kind of thing',
      () => changes({ ...clones, resources: [{ ...haproxy, agent: 'systemd:nginx' }] }, fixture('cib.xml')),
      "the cluster's resource haproxy is systemd:haproxy, which osha did not make, and is to be systemd:nginx: if it is no longer needed: pcs resource delete haproxy",
    ],
    [
      'fencing would switch off a member that the cluster does not see',
      () =>
        changes(
          { ...clones, properties: { 'stonith-enabled': 'true' } },
          RECORDED,
          'crm-mon-member-lost.xml',
        ),
      'with fencing, the cluster would switch controller2 off, which it does not see',
    ],
  ])('are not made while %s', (_, change, expected) => {
    expect(change).toThrow(expected);
  });
});
