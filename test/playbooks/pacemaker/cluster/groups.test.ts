import { describe, expect, it } from 'vitest';
import type { DesiredResources } from '../../../../playbooks/pacemaker/cluster/desired.ts';
import { api, changes, clones, fixture, grouped, location, summaries, unit, vip, web } from './desires.ts';

describe('a group', () => {
  it.each<[string, Partial<DesiredResources>, readonly string[]]>([
    [
      'changes only its preferences when it prefers other hosts',
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
      'is reordered',
      { groups: [{ id: 'web', resources: [api, unit('memcached'), unit('haproxy')] }] },
      ['put memcached after vip-api; put haproxy after memcached'],
    ],
    [
      'gets a new service at its place',
      { groups: [{ id: 'web', resources: [api, unit('nginx'), unit('haproxy'), unit('memcached')] }] },
      ['create nginx (systemd:nginx) in the group web after vip-api'],
    ],
    [
      'gets a new first resource before the others',
      { groups: [{ id: 'web', resources: [vip('new', '172.29.77.29'), ...web.resources] }] },
      ['create vip-new (ocf:heartbeat:IPaddr2) in the group web'],
    ],
    [
      'offers a service for removal that is no longer listed',
      { groups: [{ id: 'web', resources: [api, unit('haproxy')] }] },
      ['prune: remove the resource memcached (systemd:memcached)'],
    ],
    [
      'releases its resources when it is no longer listed, and offers the others for removal',
      { ...clones },
      [
        'remove haproxy from the group web, to run on every member; start vip-api before haproxy-clone (Optional); keep vip-api with haproxy-clone (INFINITY); start vip-database before haproxy-clone (Optional); keep vip-database with haproxy-clone (INFINITY)',
        'remove vip-api from the group web',
        'prune: remove the resource memcached (systemd:memcached)',
      ],
    ],
  ])('%s', (_, wanted, expected) => {
    expect(summaries({ ...grouped, ...wanted }, fixture('cib-group.xml'))).toEqual(expected);
  });

  it('places a new first resource with --before', () => {
    const [change] = changes(
      { ...grouped, groups: [{ id: 'web', resources: [vip('new', '172.29.77.29'), ...web.resources] }] },
      fixture('cib-group.xml'),
    );
    expect(change?.script).toContain('--group web --before vip-api');
  });
});
