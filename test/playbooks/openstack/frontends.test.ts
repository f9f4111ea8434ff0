import { describe, expect, it } from 'vitest';
import { deployment, textOn } from './deployment.ts';

const deployed = deployment();
const others = new Set(
  ['database', 'broker', 'etcd', 'memcached', 'dashboard', 'dashboard-plain'].concat(['broker-management']),
);
const own = deployed.frontends.filter(({ name }) => !others.has(name));

describe('the services behind the virtual IP', () => {
  it('are these, each on the port that its project is known by', () => {
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

  it('come to life after HAProxy, which does not wait for them', () => {
    expect(own.filter(({ later }) => later !== true)).toEqual([]);
  });

  it('answer on every host that runs them, on the same port', () => {
    for (const { name, port, servers } of own) {
      const hosts = name === 'glance' ? ['c1'] : ['c1', 'c2', 'all1'];
      expect(servers.map(({ host, port: of }) => [host, of])).toEqual(hosts.map((host) => [host, port]));
    }
  });

  it('are all active at the virtual IP of the APIs, but for the metadata of servers, which no user may reach', () => {
    const places = own.map(({ name, vip, active, mode }) => [name, `${vip} ${active} ${mode}`]);
    expect(places).toEqual(
      own.map(({ name }) => [name, `${name === 'nova-metadata' ? 'database' : 'api'} all http`]),
    );
  });

  it('hold the connection of a screen for an hour', () => {
    expect(own.find(({ name }) => name === 'nova-console')?.idleTimeoutMs).toBe(3_600_000);
  });

  it('are in the configuration of HAProxy, each bound to the virtual IP', () => {
    const text = textOn(deployed, 'c1', '/etc/haproxy/haproxy.cfg');
    for (const { name, vip, port } of own) {
      const address = vip === 'api' ? '192.0.2.100' : '192.0.2.101';
      expect(text).toContain(`listen ${name}\n    bind ${address}:${port}\n`);
    }
  });

  it('give images out on every host where they are shared', () => {
    const shared = deployment({
      more: 'glusterfs: { servers: [c1, c2, all1], volumes: { images: { path: /srv/images, mount: /var/lib/glance/images, on: [control] } } }',
    });
    const glance = shared.frontends.find(({ name }) => name === 'glance');
    expect(glance?.servers.map(({ host }) => host)).toEqual(['c1', 'c2', 'all1']);
  });

  it('are those that were asked for', () => {
    const few = deployment({ openstack: 'services: [identity, image]' }).frontends;
    expect(few.map(({ name }) => name).filter((name) => !others.has(name))).toEqual(['keystone', 'glance']);
  });
});
