import { describe, expect, it } from 'vitest';
import type { DesiredResources } from '../../../../playbooks/pacemaker/cluster/desired.ts';
import { api, changes, clones, fixture, grouped, location, summaries, unit, vip, web } from './desires.ts';

describe('a group', () => {
  it.each<[string, Partial<DesiredResources>, readonly string[]]>([
    [
      'that prefers other hosts changes only those preferences',
      {
        constraints: [
          location('web', 'controller2', '100'),
          location('web', 'controller1', '50'),
          location('web', 'controller3', '-INFINITY'),
        ],
      },
      ['prefer controller2 for web (100); it is 50', 'prefer controller1 for web (50); it is 100'],
    ],
    [
      'in another order is put in order',
      { groups: [{ id: 'web', resources: [api, unit('memcached'), unit('haproxy')] }] },
      ['put memcached after vip-api; put haproxy after memcached'],
    ],
    [
      'with one more member gets it at its place',
      { groups: [{ id: 'web', resources: [api, unit('nginx'), unit('haproxy'), unit('memcached')] }] },
      ['create nginx (systemd:nginx) in the group web after vip-api'],
    ],
    [
      'with a new first member gets it before the others',
      { groups: [{ id: 'web', resources: [vip('new', '172.29.77.29'), ...web.resources] }] },
      ['create vip-new (ocf:heartbeat:IPaddr2) in the group web'],
    ],
    [
      'with one member less offers it for removal',
      { groups: [{ id: 'web', resources: [api, unit('haproxy')] }] },
      ['prune: remove the resource memcached (systemd:memcached)'],
    ],
    [
      'that is no longer named gives its members back, and offers the others for removal',
      { ...clones },
      [
        'take haproxy out of the group web, to run on every member; start vip-api before haproxy-clone (Optional); keep vip-api with haproxy-clone (INFINITY); start vip-database before haproxy-clone (Optional); keep vip-database with haproxy-clone (INFINITY)',
        'take vip-api out of the group web',
        'prune: remove the resource memcached (systemd:memcached)',
      ],
    ],
  ])('%s', (_, wanted, expected) => {
    expect(summaries({ ...grouped, ...wanted }, fixture('cib-group.xml'))).toEqual(expected);
  });

  it('with a new first member puts it there', () => {
    const [change] = changes(
      { ...grouped, groups: [{ id: 'web', resources: [vip('new', '172.29.77.29'), ...web.resources] }] },
      fixture('cib-group.xml'),
    );
    expect(change?.script).toContain('--group web --before vip-api');
  });
});
