import { describe, expect, it } from 'vitest';
import { deployment, HOSTS, placedBy, type Asked, type Placed } from './deployment.ts';

const TLS = 'haproxy: { tls: { api: {}, database: {} } }';
const DEPLOYMENTS: readonly (readonly [string, Asked])[] = [
  ['with all kinds of hosts', {}],
  ['with TLS', { more: TLS }],
  [
    'with all roles on every host',
    {
      hosts: [1, 2, 3]
        .map((n) => `\n  h${n}: { address: 192.0.2.1${n}, roles: [controller, network, compute, storage] }`)
        .join(''),
      more: `${TLS}
rabbitmq: { queues: quorum }
neutron: { external: { interface: eth1, subnet: 203.0.113.0/24, gateway: 203.0.113.1, floating: 203.0.113.9-203.0.113.99 } }
glusterfs: { volumes: { images: { path: /srv/images, mount: /var/lib/glance/images, on: [control] } } }`,
    },
  ],
  [
    'with one role per host',
    {
      hosts: `
  d1: { address: 192.0.2.41, roles: [database, time] }
  m1: { address: 192.0.2.42, roles: [messaging, cache, coordination] }
  l1: { address: 192.0.2.43, roles: [loadbalancer] }
  w1: { address: 192.0.2.44, roles: [dashboard] }
  o1: { address: 192.0.2.45, roles: [control] }
  n1: { address: 192.0.2.46, roles: [network] }
  k1: { address: 192.0.2.47, roles: [compute] }`,
      more: TLS,
    },
  ],
  [
    'without servers',
    { openstack: 'services: [identity, network, volume, image]', hosts: HOSTS.replace(/ {2}k1.*\n/, '') },
  ],
];

const key = ({ host, path }: Placed): string => `${host}:${path}`;

describe('a file', () => {
  it.each(DEPLOYMENTS)(
    'has the same content, owner and mode in every phase that places it: %s',
    (_name, asked) => {
      const seen = new Map<string, Placed>();
      const disagreements = placedBy(deployment(asked)).flatMap((placed) => {
        const before = seen.get(key(placed)) ?? placed;
        seen.set(key(placed), before);
        return before.text === placed.text && before.mode === placed.mode && before.script === placed.script
          ? []
          : [`${key(placed)}: ${before.phase} and ${placed.phase}`];
      });
      expect(disagreements).toEqual([]);
    },
  );

  it('is placed by several phases on a host with several roles', () => {
    const phases = placedBy(deployment())
      .filter(({ host, path }) => host === 'all1' && path === '/etc/neutron/neutron.conf')
      .map(({ phase }) => phase);
    expect(phases).toEqual(['neutron', 'neutron-agents', 'nova-compute']);
  });
});

describe('files with secrets', () => {
  it.each(DEPLOYMENTS)('are readable only by their service or root: %s', (_name, asked) => {
    const open = placedBy(deployment(asked)).filter(
      ({ text, masked, mode }) => text !== masked && (mode & 0o007) !== 0,
    );
    expect(open.map(key)).toEqual([]);
  });

  const groups: readonly (readonly [string, string, string])[] = [
    ['c1', '/etc/keystone/keystone.conf', 'root:keystone'],
    ['c1', '/etc/glance/glance-api.conf', 'root:glance'],
    ['c1', '/etc/placement/placement.conf', 'root:placement'],
    ['c1', '/etc/nova/nova.conf', 'root:nova'],
    ['k1', '/etc/nova/nova.conf', 'root:nova'],
    ['n1', '/etc/neutron/neutron.conf', 'root:neutron'],
    ['n1', '/etc/neutron/metadata_agent.ini', 'root:neutron'],
    ['c1', '/etc/cinder/cinder.conf', 'root:cinder'],
    ['c1', '/root/admin-openrc', 'root:root'],
    ['c1', '/etc/openstack/clouds.yaml', 'root:root'],
  ];
  it.each(groups)('%s:%s belongs to %s', (host, path, owner) => {
    const found = placedBy(deployment()).find((placed) => placed.host === host && placed.path === path);
    expect(found?.script).toContain(`chown ${owner} `);
  });
});
