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
  it('are left alone when they are as desired', () => {
    expect(summaries(clones)).toEqual([]);
    expect(summaries(grouped, fixture('cib-group.xml'))).toEqual([]);
  });

  it('are recorded as created by osha when an older version created them', () => {
    const told = summaries(clones, fixture('cib.xml'));
    expect(told).toEqual([
      'record as created by osha: haproxy, haproxy-clone, vip-api, vip-database, order-vip-api-haproxy-clone-Optional, order-vip-database-haproxy-clone-Optional, colocation-vip-api-haproxy-clone-INFINITY, colocation-vip-database-haproxy-clone-INFINITY',
    ]);
  });

  it.each<[string, Partial<DesiredResources>, readonly string[]]>([
    [
      'only a new virtual IP is created, with its constraints',
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
      "limits replace the agent's own, which a busy host exceeds",
      { resources: [haproxy, { ...api, timeoutSeconds: 60 }, database] },
      [
        'change vip-api: limit of start from 20s to 60s, limit of stop from 20s to 60s, limit of monitor from nothing to 60s',
      ],
    ],
    [
      'a resource of another agent is recreated',
      { resources: [{ ...haproxy, agent: 'systemd:nginx' }, api, database] },
      [
        'remove haproxy, a resource of another agent (systemd:haproxy)',
        'create haproxy (systemd:nginx) on every member',
      ],
    ],
    [
      'a changed property is set',
      { properties: { ...clones.properties, 'cluster-recheck-interval': '1min' } },
      ['set properties of the cluster: cluster-recheck-interval to 1min (it is 5min)'],
    ],
    [
      'a missing default is set',
      { defaults: { 'resource-stickiness': '100' } },
      ['set defaults of resources: resource-stickiness to 100'],
    ],
    [
      'a resource for one member is cloned to run on every member',
      { resources: [haproxy, { ...api, clone: true }, database] },
      ['run vip-api on every member'],
    ],
    [
      'a missing constraint is added',
      { constraints: [...clones.constraints, location('vip-api', 'controller1', '50')] },
      ['prefer controller1 for vip-api (50)'],
    ],
    [
      'a colocation with another score replaces the old one',
      {
        constraints: clones.constraints.map((one) =>
          one.kind === 'colocation' && one.resource === 'vip-api' ? { ...one, strength: '100' } : one,
        ),
      },
      ['keep vip-api with haproxy-clone (100); it is INFINITY'],
    ],
    [
      'a reversed order replaces the old one',
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
      'a virtual IP that is no longer listed is offered for removal with its constraints',
      { resources: [haproxy, api], constraints: withHaproxy('vip-api') },
      ['prune: remove the virtual IP database (resource vip-database)'],
    ],
    [
      'a constraint that is no longer listed is offered for removal',
      { constraints: withHaproxy('vip-api') },
      [
        'prune: remove the constraint order-vip-database-haproxy-clone-Optional (start vip-database before haproxy-clone (Optional))',
        'prune: remove the constraint colocation-vip-database-haproxy-clone-INFINITY (keep vip-database with haproxy-clone (INFINITY))',
      ],
    ],
    [
      'a clone and a virtual IP become a group in one change, which includes their old constraints',
      { ...grouped },
      [
        'move vip-api into the group web; move haproxy into the group web after vip-api; create memcached (systemd:memcached) in the group web after haproxy; prefer controller1 for web (100); prefer controller2 for web (50); never run web on controller3',
      ],
    ],
  ])('%s', (_, wanted, expected) => {
    expect(summaries({ ...clones, ...wanted })).toEqual(expected);
  });

  it('outside the record are not removed', () => {
    const wanted = { ...clones, resources: [haproxy, api], constraints: withHaproxy('vip-api') };
    expect(summaries(wanted, fixture('cib.xml')).some((told) => told.startsWith('prune'))).toBe(false);
  });

  it('keep bans and moves of the operator', () => {
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

  it('are created on a copy of the CIB and applied at once, together with the record', () => {
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

  it.each<[string, number | undefined, string]>([
    [
      'together with its other limits',
      60,
      'op start interval=0s timeout=60s op stop interval=0s timeout=60s op monitor interval=5s timeout=60s',
    ],
    ['without limits of its own', undefined, 'op monitor interval=5s'],
  ])('update the interval of a resource %s, which pcs would reset', (_, timeoutSeconds, operations) => {
    const limits = timeoutSeconds === undefined ? {} : { timeoutSeconds };
    const [change] = changes({
      ...clones,
      resources: [haproxy, { ...api, monitorSeconds: 5, ...limits }, database],
    });
    expect(change).toMatchObject({
      effects: [],
      script: `pcs resource update vip-api ip=172.29.77.20 cidr_netmask=24 nic=eth0 ${operations}`,
    });
  });

  it('are cleaned up after a failure', () => {
    expect(changes(clones, RECORDED, 'crm-mon-haproxy-failed.xml').map(({ script }) => script)).toEqual([
      'pcs resource cleanup haproxy',
    ]);
  });

  it('are enabled when disabled', () => {
    const off = RECORDED.replace(
      '<clone id="haproxy-clone">',
      '<clone id="haproxy-clone"><meta_attributes id="m"><nvpair id="t" name="target-role" value="Stopped"/></meta_attributes>',
    );
    expect(changes(clones, off).map(({ script }) => script)).toEqual(['pcs resource enable haproxy']);
  });

  it('declare their effects on running resources', () => {
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

  it('are stopped before they are replaced by another agent', () => {
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
      'one of them still has the address of another one',
      () =>
        changes({
          ...clones,
          resources: [haproxy, vip('api', '172.29.77.21'), vip('database', '172.29.77.22')],
        }),
      "the cluster's resource vip-database holds 172.29.77.21, which is for vip-api: use two deployments: first vip-database with its new address, then vip-api; to swap two addresses, use a third one in between",
    ],
    [
      'a resource created by somebody else has the same ID and another agent',
      () => changes({ ...clones, resources: [{ ...haproxy, agent: 'systemd:nginx' }] }, fixture('cib.xml')),
      "the cluster's resource haproxy is systemd:haproxy, which osha did not create; the inventory wants systemd:nginx: if it is no longer needed: pcs resource delete haproxy",
    ],
    [
      'fencing would switch off a member that the cluster does not see',
      () =>
        changes(
          { ...clones, properties: { 'stonith-enabled': 'true' } },
          RECORDED,
          'crm-mon-member-lost.xml',
        ),
      'with fencing enabled, the cluster would switch off controller2, which it does not see',
    ],
  ])('are not created while %s', (_, change, expected) => {
    expect(change).toThrow(expected);
  });
});
