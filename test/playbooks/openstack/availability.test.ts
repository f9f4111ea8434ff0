import { describe, expect, it } from 'vitest';
import { deployment, placedBy, valuesOn, type Placed, siteIn } from './deployment.ts';

const SERVICES = /^\/etc\/(keystone|glance|placement|nova|neutron|cinder|openstack|default)\/|^\/root\//;
const ofServices = (placed: Placed): boolean => SERVICES.test(placed.path);
const label = ({ host, path }: Placed): string => `${host}:${path}`;

const deployed = deployment();
const files = placedBy(deployed).filter(ofServices);

describe('configuration files of services', () => {
  it('bind no wildcard address', () => {
    const wild = files.filter(({ text }) => /0\.0\.0\.0(?!\/)|\[::\]|\*:\d/.test(text));
    expect(files.length).toBeGreaterThan(30);
    expect(wild.map(label)).toEqual([]);
  });

  it("bind no other host's address", () => {
    const addresses = new Map(deployed.inventory.hosts.map(({ name, address }) => [name, address]));
    const bound = files.flatMap((placed) =>
      [
        ...placed.text.matchAll(
          /(?:--http-socket |^(?:bind_host|my_ip|local_ip|server_listen|novncproxy_host) = )([\d.]+)/gm,
        ),
      ].map((match) => [label(placed), match[1], addresses.get(placed.host)] as const),
    );
    expect(bound.length).toBeGreaterThan(25);
    expect(bound.filter(([, used, own]) => used !== own)).toEqual([]);
  });

  it('use databases only at their virtual IP', () => {
    const servers = files.flatMap(({ text }) =>
      [...text.matchAll(/mysql\+pymysql:\/\/[^@]*@([^/]*)\//g)].map((match) => match[1]),
    );
    expect(new Set(servers)).toEqual(new Set(['192.0.2.101:3306']));
  });

  it('list all brokers and all caches', () => {
    const lists = files.flatMap(({ text }) =>
      [...text.matchAll(/^(?:transport_url|memcached?_servers) = (.*)$/gm)].map((match) => match[1] ?? ''),
    );
    expect(lists.length).toBeGreaterThan(10);
    for (const list of lists) {
      expect(list.match(/192\.0\.2\.\d+/g)).toEqual(['192.0.2.11', '192.0.2.12', '192.0.2.13']);
    }
  });
});

describe('queues', () => {
  const QUEUES = [
    ['c1', '/etc/nova/nova.conf'],
    ['k1', '/etc/nova/nova.conf'],
    ['c1', '/etc/neutron/neutron.conf'],
    ['n1', '/etc/neutron/neutron.conf'],
    ['c1', '/etc/cinder/cinder.conf'],
  ] as const;
  const quorum = deployment({ more: 'rabbitmq: { queues: quorum }' });
  const newer = deployment({ more: 'rabbitmq: { version: "4.0" }' });

  it('are quorum queues in every client of a broker version without mirroring', () => {
    const clients = placedBy(newer).filter(({ text }) => text.includes('transport_url = '));
    expect(clients.length).toBeGreaterThan(5);
    const lacking = clients.filter(({ text }) => !text.includes('rabbit_quorum_queue = true'));
    expect(lacking.map(label)).toEqual([]);
  });

  it.each(QUEUES)(
    'are quorum queues if the inventory or the broker version requires it, on %s in %s',
    (host, path) => {
      expect(valuesOn(quorum, host, path)).toMatchObject({
        'oslo_messaging_rabbit.rabbit_quorum_queue': 'true',
        'oslo_messaging_rabbit.amqp_durable_queues': 'true',
      });
      // This version cannot mirror queues, so only quorum queues survive the loss of a node.
      expect(valuesOn(newer, host, path)).toMatchObject({
        'oslo_messaging_rabbit.rabbit_quorum_queue': 'true',
        'oslo_messaging_rabbit.amqp_durable_queues': 'true',
      });
      const mirrored = valuesOn(deployed, host, path);
      expect(mirrored['oslo_messaging_rabbit.rabbit_quorum_queue']).toBeUndefined();
      expect(mirrored['oslo_messaging_rabbit.amqp_durable_queues']).toBeUndefined();
    },
  );
});

describe('with TLS at the virtual IP', () => {
  const secure = deployment({ more: 'haproxy: { tls: { api: {} } }' });
  const all = placedBy(secure);
  const CA = '/etc/osha/ca.pem';

  it('no URL of the services uses plain HTTP', () => {
    const plain = all.filter(({ path, text }) => SERVICES.test(path) && text.includes('http://192.0.2.100'));
    expect(plain.map(label)).toEqual([]);
  });

  const trusting: readonly (readonly [string, string, readonly string[]])[] = [
    ['c1', '/etc/glance/glance-api.conf', ['keystone_authtoken.cafile']],
    ['c1', '/etc/placement/placement.conf', ['keystone_authtoken.cafile']],
    [
      'c1',
      '/etc/nova/nova.conf',
      ['keystone_authtoken', 'service_user', 'placement', 'neutron', 'cinder', 'glance'].map(
        (section) => `${section}.cafile`,
      ),
    ],
    [
      'k1',
      '/etc/nova/nova.conf',
      ['service_user', 'placement', 'neutron', 'cinder', 'glance'].map((section) => `${section}.cafile`),
    ],
    ['c1', '/etc/neutron/neutron.conf', ['keystone_authtoken.cafile', 'nova.cafile', 'placement.cafile']],
    [
      'c1',
      '/etc/cinder/cinder.conf',
      [
        ...['keystone_authtoken.cafile', 'service_user.cafile', 'nova.cafile'],
        'DEFAULT.glance_ca_certificates_file',
      ],
    ],
  ];
  it.each(trusting)('%s:%s sets the CA for each service that it calls', (host, path, keys) => {
    const values = valuesOn(secure, host, path);
    const without = valuesOn(deployed, host, path);
    expect(keys.filter((name) => values[name] !== CA)).toEqual([]);
    expect(keys.filter((name) => without[name] !== undefined)).toEqual([]);
  });

  it('every host whose configuration names the CA gets its certificate first', () => {
    const having = (host: string): number => all.findIndex((one) => one.host === host && one.path === CA);
    const naming = all.filter(({ text }) => text.includes(CA));
    expect(new Set(naming.map(({ host }) => host))).toEqual(new Set(['c1', 'c2', 'all1', 'k1']));
    const lacking = naming.filter((one) => having(one.host) < 0 || having(one.host) > all.indexOf(one));
    expect(lacking.map(label)).toEqual([]);
  });

  it("services use the system's trust store for the operator's own certificate", () => {
    const { inventory } = secure;
    const haproxy = { tls: { api: { certificate: './api.pem', key: './api.key' } } };
    const settings = { ...inventory.settings, haproxy };
    const site = siteIn({ ...secure, inventory: { ...inventory, settings } });
    expect(site.internal.url('identity')).toBe('https://192.0.2.100:5000/v3');
    expect(site.ca).toBeUndefined();
  });

  it('TLS on the database VIP alone does not affect the APIs', () => {
    const other = deployment({ more: 'haproxy: { tls: { database: {} } }' });
    const values = valuesOn(other, 'c1', '/etc/nova/nova.conf');
    expect(values['keystone_authtoken.auth_url']).toBe('http://192.0.2.100:5000');
    expect(values['keystone_authtoken.cafile']).toBeUndefined();
  });
});
