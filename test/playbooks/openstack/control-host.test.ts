import { describe, expect, it } from 'vitest';
import { deployment, textOn, valuesOn } from './deployment.ts';

const deployed = deployment();
const BROKERS = [11, 12, 13]
  .map((last) => `openstack:value-of-rabbitmqOpenstack@192.0.2.${last}:5672`)
  .join(',');
const CACHES = '192.0.2.11:11211,192.0.2.12:11211,192.0.2.13:11211';
const KEYSTONE = 'http://192.0.2.100:5000';

/** Configuration files of the services on a control host, by account. */
const FILES = {
  keystone: '/etc/keystone/keystone.conf',
  glance: '/etc/glance/glance-api.conf',
  placement: '/etc/placement/placement.conf',
  nova: '/etc/nova/nova.conf',
  neutron: '/etc/neutron/neutron.conf',
  cinder: '/etc/cinder/cinder.conf',
} as const;

type Name = keyof typeof FILES;
const valuesOf = (name: Name, host = 'c1'): Readonly<Record<string, string>> =>
  valuesOn(deployed, host, FILES[name]);

describe('a service on a control host', () => {
  const databases: readonly (readonly [Name, string, string])[] = [
    ['keystone', 'database', 'keystone'],
    ['glance', 'database', 'glance'],
    ['placement', 'placement_database', 'placement'],
    ['nova', 'database', 'nova'],
    ['nova', 'api_database', 'nova_api'],
    ['neutron', 'database', 'neutron'],
    ['cinder', 'database', 'cinder'],
  ];
  it.each(databases)('%s connects with [%s] to the virtual IP, database %s', (name, section, database) => {
    const values = valuesOf(name);
    expect(values[`${section}.connection`]).toBe(
      `mysql+pymysql://${name}:value-of-${name}Database@192.0.2.101:3306/${database}`,
    );
    // Retries without limit while the database fails over.
    expect(values[`${section}.max_retries`]).toBe('-1');
    expect(values[`${section}.db_max_retries`]).toBe('-1');
  });

  it('cinder-scheduler sends its first heartbeat well before it counts as dead', () => {
    const waits = Number(valuesOf('cinder')['DEFAULT.scheduler_driver_init_wait_time']);
    // Cinder's defaults: a heartbeat every 10 s from then on, dead after 60 s.
    expect(waits + 10).toBeLessThan(60 / 2);
  });

  it.each(['nova', 'neutron', 'cinder'] as const)('%s connects to every broker', (name) => {
    expect(valuesOf(name)['DEFAULT.transport_url']).toBe(`rabbit://${BROKERS}`);
  });

  it.each(['glance', 'placement', 'nova', 'neutron', 'cinder'] as const)(
    '%s validates tokens at the virtual IP with its own account, and caches them on every cache host',
    (name) => {
      const values = valuesOf(name);
      const own = Object.fromEntries(
        ['auth_url', 'www_authenticate_uri', 'username', 'password', 'project_name', 'memcached_servers'].map(
          (key) => [key, values[`keystone_authtoken.${key}`]],
        ),
      );
      expect(own).toEqual({
        auth_url: KEYSTONE,
        www_authenticate_uri: KEYSTONE,
        username: name,
        password: `value-of-${name}Account`,
        project_name: 'service',
        memcached_servers: CACHES,
      });
    },
  );

  it.each(['keystone', 'nova'] as const)(
    '%s uses every cache, with a backend that survives a dead one',
    (name) => {
      expect(valuesOf(name)).toMatchObject({
        'cache.memcache_servers': CACHES,
        'cache.backend': 'oslo_cache.memcache_pool',
      });
    },
  );

  it.each(Object.keys(FILES) as Name[])('%s reads from HAProxy whether its client used TLS', (name) => {
    expect(valuesOf(name)['oslo_middleware.enable_proxy_headers_parsing']).toBe('true');
  });

  const binding: readonly (readonly [string, string, string])[] = [
    ["Glance's API", '/etc/glance/glance-api.conf', 'bind_host = 192.0.2.12\n'],
    ["Keystone's", '/etc/default/keystone', '--http-socket 192.0.2.12:5000 '],
    ["Placement's", '/etc/default/placement-api', '--http-socket 192.0.2.12:8778 '],
    ["Nova's", '/etc/default/nova-api', '--http-socket 192.0.2.12:8774 '],
    ["Nova's metadata", '/etc/default/nova-api-metadata', '--http-socket 192.0.2.12:8775 '],
    ["Neutron's", '/etc/default/neutron-server', '--http-socket 192.0.2.12:9696 '],
    ["Cinder's", '/etc/default/cinder-api', '--http-socket 192.0.2.12:8776 '],
    ['the console', '/etc/nova/nova.conf', 'novncproxy_host = 192.0.2.12\n'],
  ];
  const shared = deployment({
    more: 'nfs: { shares: { images: { server: c1, path: /srv/images, mount: /var/lib/glance/images, on: [control] } } }',
  });
  it.each(binding)("%s listens on its host's address", (_what, path, expected) => {
    expect(textOn(shared, 'c2', path)).toContain(expected);
  });

  it('runs the number of workers in the inventory', () => {
    const own = deployment({ openstack: 'services: all, workers: 5' });
    expect(valuesOn(own, 'c1', FILES.glance)['DEFAULT.workers']).toBe('5');
    expect(valuesOn(own, 'c1', FILES.nova)).toMatchObject({
      'conductor.workers': '5',
      'scheduler.workers': '5',
    });
    expect(valuesOn(own, 'c1', FILES.neutron)['DEFAULT.rpc_workers']).toBe('5');
  });

  it('identifies its host by its name in the inventory', () => {
    for (const name of ['nova', 'neutron', 'cinder'] as const) {
      expect(valuesOf(name, 'all1')['DEFAULT.host']).toBe('all1');
    }
  });

  it('uses the region in the inventory', () => {
    const own = deployment({ openstack: 'services: all, region: Zurich' });
    expect(valuesOn(own, 'c1', FILES.nova)).toMatchObject({
      'keystone_authtoken.region_name': 'Zurich',
      'cinder.os_region_name': 'Zurich',
    });
  });
});

describe('Nova on a control host', () => {
  it('calls other services with the right accounts', () => {
    const values = valuesOf('nova');
    const accounts = ['service_user', 'placement', 'neutron', 'cinder'].map((section) =>
      [section, values[`${section}.username`], values[`${section}.password`]].join(' '),
    );
    expect(accounts).toEqual([
      'service_user nova value-of-novaAccount',
      'placement placement value-of-placementAccount',
      'neutron neutron value-of-neutronAccount',
      'cinder nova value-of-novaAccount',
    ]);
    expect(values['glance.api_servers']).toBe('http://192.0.2.100:9292');
  });

  it('shares a secret with the metadata agents', () => {
    expect(valuesOf('nova')).toMatchObject({
      'neutron.service_metadata_proxy': 'true',
      'neutron.metadata_proxy_shared_secret': 'value-of-metadataProxy',
    });
    expect(valuesOn(deployed, 'n1', '/etc/neutron/metadata_agent.ini')).toMatchObject({
      'DEFAULT.metadata_proxy_shared_secret': 'value-of-metadataProxy',
      'DEFAULT.nova_metadata_host': '192.0.2.101',
      'DEFAULT.nova_metadata_port': '8775',
    });
  });

  it('serves consoles at the virtual IP, from the host of the server', () => {
    expect(valuesOf('nova', 'all1')).toMatchObject({
      'vnc.novncproxy_base_url': 'http://192.0.2.100:6080/vnc_auto.html',
      'vnc.server_proxyclient_address': '192.0.2.13',
    });
  });
});

describe('custom ports and virtual IPs', () => {
  const own = deployment({
    more: 'galera: { frontend_port: 33306 }\nrabbitmq: { port: 5673, frontend_port: 5672 }',
  });

  it('are used to connect to the database and the brokers', () => {
    const values = valuesOn(own, 'c1', FILES.nova);
    expect(values['database.connection']).toContain('@192.0.2.101:33306/nova');
    expect(values['DEFAULT.transport_url']).toBe(`rabbit://${BROKERS.replaceAll(':5672', ':5673')}`);
  });

  it('can be the public virtual IP for internal services too', () => {
    const single = deployment({
      vips: '\n  public: { address: 192.0.2.100/24, interface: eth0 }',
      more: 'haproxy: { internal_vip: public }',
    });
    const values = valuesOn(single, 'c1', FILES.nova);
    expect(values['database.connection']).toContain('@192.0.2.100:');
    expect(values['keystone_authtoken.auth_url']).toBe(KEYSTONE);
  });

  it('never include a virtual IP without HAProxy, even if it is listed first', () => {
    const vips = `
  gateway: { address: 192.0.2.99/24, interface: eth0, haproxy: false }
  public: { address: 192.0.2.100/24, interface: eth0 }`;
    const values = valuesOn(
      deployment({ vips, more: 'haproxy: { internal_vip: public }' }),
      'c1',
      FILES.nova,
    );
    expect(values['database.connection']).toContain('@192.0.2.100:');
    expect(values['keystone_authtoken.auth_url']).toBe(KEYSTONE);
  });
});
