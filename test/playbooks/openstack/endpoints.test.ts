import { describe, expect, it } from 'vitest';
import { deployment, placedBy, textOn, valuesOn, type Asked, siteIn } from './deployment.ts';
import { identityOf } from '../../../playbooks/keystone/identity.ts';

const VIPS = `
  database: { address: 192.0.2.101/24, interface: eth0, by: keepalived, on: [controller] }
  api: { address: 198.51.100.20/24, interface: eth1, by: keepalived, on: [loadbalancer] }
  internal: { address: 192.0.2.102/24, interface: eth0, by: keepalived, on: [loadbalancer] }
`;
const HOSTS = `
  lb1: { address: 192.0.2.31, networks: { public: 198.51.100.31 }, roles: [loadbalancer] }
  lb2: { address: 192.0.2.32, networks: { public: 198.51.100.32 }, roles: [loadbalancer] }
  c1: { address: 192.0.2.11, roles: [controller, network] }
  c2: { address: 192.0.2.12, roles: [controller, network] }
  c3: { address: 192.0.2.13, roles: [controller, network] }
  k1: { address: 192.0.2.41, roles: [compute] }
`;
const balanced = (asked: Asked = {}): ReturnType<typeof deployment> =>
  deployment({ hosts: HOSTS, vips: VIPS, ...asked });
const CA = '/etc/osha/ca.pem';

describe('with a separate internal virtual IP', () => {
  const deployed = balanced({ more: 'haproxy: { tls: { api: {} } }' });

  it('no configuration makes services use the public virtual IP', () => {
    const told = placedBy(deployed)
      .filter(({ path }) => !path.startsWith('/etc/haproxy/') && !path.startsWith('/etc/keepalived/'))
      .flatMap(({ host, path, text }) =>
        text
          .split('\n')
          .filter((line) => line.includes('198.51.100.20'))
          .map((line) => `${host}:${path}: ${line}`),
      );
    // These settings are for users: where they log in, open consoles, and find the dashboard.
    const forUsers = /www_authenticate_uri|novncproxy_base_url|ALLOWED_HOSTS|ServerName|\/etc\/hosts/;
    expect(told.length).toBeGreaterThan(5);
    expect(told.filter((line) => !forUsers.test(line))).toEqual([]);
  });

  it('the catalogue has public and internal URLs at their virtual IPs', () => {
    const { catalogue } = identityOf(siteIn(deployed));
    for (const { urls } of catalogue) {
      expect(urls.public).toMatch(/^https:\/\/198\.51\.100\.20:/);
      expect(urls.internal).toMatch(/^http:\/\/192\.0\.2\.102:/);
      expect(urls.admin).toBe(urls.internal);
    }
  });

  it('APIs have a frontend on both, other services on one', () => {
    const at = deployed.frontends.map(({ name, vip, port }) => `${name} ${vip} ${port}`);
    expect(at).toEqual(
      expect.arrayContaining([
        ...['keystone api 5000', 'keystone-internal internal 5000'],
        ...['nova api 8774', 'nova-internal internal 8774'],
        ...['nova-metadata internal 8775', 'nova-console api 6080', 'dashboard api 443'],
      ]),
    );
    expect(at.filter((line) => /^(nova-metadata|nova-console|dashboard) /.test(line))).toHaveLength(3);
    const conf = textOn(deployed, 'lb1', '/etc/haproxy/haproxy.cfg');
    expect(conf).toContain('listen keystone\n    bind 198.51.100.20:5000 ssl ');
    expect(conf).toContain('listen keystone-internal\n    bind 192.0.2.102:5000\n');
  });

  it('clients on the hosts use the internal endpoints', () => {
    const openrc = textOn(deployed, 'c1', '/root/admin-openrc');
    expect(openrc).toContain('export OS_AUTH_URL=http://192.0.2.102:5000/v3\n');
    expect(openrc.trimEnd().split('\n').at(-1)).toBe('export OS_INTERFACE=internal');
    expect(textOn(deployed, 'c1', '/etc/openstack/clouds.yaml')).toContain(
      '    interface: internal\n    auth:\n      auth_url: http://192.0.2.102:5000/v3\n',
    );
  });

  it('with TLS on the public virtual IP only, just the HAProxy hosts get the CA', () => {
    expect(valuesOn(deployed, 'c1', '/etc/nova/nova.conf')['keystone_authtoken.cafile']).toBeUndefined();
    const trusting = placedBy(deployed).filter(({ path }) => path === CA);
    expect(new Set(trusting.map(({ host }) => host))).toEqual(new Set(['lb1', 'lb2', 'c1', 'c2', 'c3']));
  });

  it('with TLS on the internal virtual IP, all hosts get the CA', () => {
    const secure = balanced({ more: 'haproxy: { tls: { internal: {} } }' });
    expect(valuesOn(secure, 'c1', '/etc/nova/nova.conf')).toMatchObject({
      'keystone_authtoken.cafile': CA,
      'keystone_authtoken.auth_url': 'https://192.0.2.102:5000',
      'keystone_authtoken.www_authenticate_uri': 'http://198.51.100.20:5000',
    });
    const trusting = placedBy(secure).filter(({ path }) => path === CA);
    expect(new Set(trusting.map(({ host }) => host))).toEqual(
      new Set(['lb1', 'lb2', 'c1', 'c2', 'c3', 'k1']),
    );
  });
});

describe('clients that default to the public endpoint', () => {
  const deployed = balanced();
  it.each([
    ['c1', '/etc/nova/nova.conf', 'cinder.catalog_info', 'volumev3::internalURL'],
    ['k1', '/etc/nova/nova.conf', 'cinder.catalog_info', 'volumev3::internalURL'],
    ['c1', '/etc/neutron/neutron.conf', 'nova.endpoint_type', 'internal'],
    ['c1', '/etc/neutron/neutron.conf', 'placement.endpoint_type', 'internal'],
    ['c1', '/etc/cinder/cinder.conf', 'nova.interface', 'internal'],
    ['c1', '/etc/neutron/metadata_agent.ini', 'DEFAULT.nova_metadata_host', '192.0.2.102'],
  ])('on %s %s: %s is %s', (host, path, key, value) => {
    expect(valuesOn(deployed, host, path)[key]).toBe(value);
  });

  it('have no section for a service that is not deployed', () => {
    const few = balanced({ openstack: 'services: [identity, network, volume, image]' });
    const conf =
      textOn(few, 'c1', '/etc/neutron/neutron.conf') + textOn(few, 'c1', '/etc/cinder/cinder.conf');
    expect(conf).toContain('[keystone_authtoken]');
    expect(conf).not.toMatch(/^\[(nova|placement)\]/m);
  });

  it('use the internal endpoint in the dashboard too', () => {
    const path = '/etc/openstack-dashboard/local_settings.d/_9000_osha.py';
    const text = textOn(deployed, 'c1', path);
    expect(text).toContain("OPENSTACK_KEYSTONE_URL = 'http://192.0.2.102:5000/v3'\n");
    expect(text).toContain("OPENSTACK_ENDPOINT_TYPE = 'internalURL'\n");
  });
});

describe('the metadata API', () => {
  const metadata = (asked: Asked): readonly string[] => {
    const deployed = deployment({ hosts: HOSTS, ...asked });
    const { vip, port } = deployed.frontends.find(({ name }) => name === 'nova-metadata') ?? {};
    const agent = valuesOn(deployed, 'c1', '/etc/neutron/metadata_agent.ini');
    return [
      `${vip ?? ''} ${port ?? ''}`,
      `${agent['DEFAULT.nova_metadata_protocol'] ?? ''}://${agent['DEFAULT.nova_metadata_host'] ?? ''}`,
      agent['DEFAULT.auth_ca_cert'] ?? 'no CA',
    ];
  };
  const two = `
  api: { address: 192.0.2.100/24, interface: eth0, on: [controller] }
  database: { address: 192.0.2.101/24, interface: eth0, on: [controller] }
`;

  it.each<[string, Asked, readonly string[]]>([
    [
      'another virtual IP than the public one',
      { vips: two, more: 'haproxy: { tls: { api: {} } }' },
      ['database 8775', 'http://192.0.2.101', 'no CA'],
    ],
    [
      'that virtual IP with TLS if it has TLS',
      { vips: two, more: 'haproxy: { tls: { database: {} } }' },
      ['database 8775', 'https://192.0.2.101', CA],
    ],
    [
      'the virtual IP in the inventory',
      { vips: two, more: 'haproxy: { internal_vip: api }' },
      ['api 8775', 'http://192.0.2.100', 'no CA'],
    ],
  ])('is at %s: the metadata of servers', (_what, asked, expected) => {
    expect(metadata(asked)).toEqual(expected);
  });

  it('has its CA on the hosts of the metadata agents', () => {
    const deployed = deployment({ hosts: HOSTS, vips: two, more: 'haproxy: { tls: { database: {} } }' });
    const trusting = placedBy(deployed).filter(({ path, host }) => path === CA && host === 'c1');
    expect(trusting.length).toBeGreaterThan(0);
  });
});

const deployed = deployment();
const others = new Set(
  ['database', 'broker', 'etcd', 'memcached', 'dashboard', 'dashboard-plain'].concat(['broker-management']),
);
const own = deployed.frontends.filter(({ name }) => !others.has(name));

describe('the frontends of the services', () => {
  it('use the default ports of the projects', () => {
    expect(own.map(({ name, port, check }) => [name, port, check?.httpPath])).toEqual([
      ['keystone', 5000, '/'],
      ['placement', 8778, '/'],
      ['glance', 9292, '/'],
      ['neutron', 9696, '/'],
      ['nova', 8774, '/'],
      ['nova-metadata', 8775, undefined],
      ['nova-console', 6080, undefined],
      ['cinder', 8776, '/'],
    ]);
  });

  it('become ready after HAProxy, which does not wait for them', () => {
    expect(own.filter(({ later }) => later !== true)).toEqual([]);
  });

  it('have every host of the service as a backend, on the same port', () => {
    for (const { name, port, servers } of own) {
      const hosts = name === 'glance' ? ['c1'] : ['c1', 'c2', 'all1'];
      expect(servers.map(({ host, port: of }) => [host, of])).toEqual(hosts.map((host) => [host, port]));
    }
  });

  it('are all active on the public virtual IP, except the metadata API, which users must not reach', () => {
    const places = own.map(({ name, vip, active, mode }) => [name, `${vip} ${active} ${mode}`]);
    expect(places).toEqual(
      own.map(({ name }) => [name, `${name === 'nova-metadata' ? 'database' : 'api'} all http`]),
    );
  });

  it('keep an idle console connection for an hour', () => {
    expect(own.find(({ name }) => name === 'nova-console')?.idleTimeoutMs).toBe(3_600_000);
  });

  it('are in haproxy.cfg, bound to the virtual IP', () => {
    const text = textOn(deployed, 'c1', '/etc/haproxy/haproxy.cfg');
    for (const { name, vip, port } of own) {
      const address = vip === 'api' ? '192.0.2.100' : '192.0.2.101';
      expect(text).toContain(`listen ${name}\n    bind ${address}:${port}\n`);
    }
  });

  it('serve images from every host if they are on shared storage', () => {
    const shared = deployment({
      more: 'glusterfs: { servers: [c1, c2, all1], volumes: { images: { path: /srv/images, mount: /var/lib/glance/images, on: [control] } } }',
    });
    const glance = shared.frontends.find(({ name }) => name === 'glance');
    expect(glance?.servers.map(({ host }) => host)).toEqual(['c1', 'c2', 'all1']);
  });

  it('exist only for enabled services', () => {
    const few = deployment({ openstack: 'services: [identity, image]' }).frontends;
    expect(few.map(({ name }) => name).filter((name) => !others.has(name))).toEqual(['keystone', 'glance']);
  });
});
