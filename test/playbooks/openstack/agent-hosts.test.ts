import { describe, expect, it } from 'vitest';
import { deployment, HOSTS, placedBy, valuesOn } from './deployment.ts';

const NEUTRON = '/etc/neutron/neutron.conf';
const BRIDGE = '/etc/neutron/plugins/ml2/linuxbridge_agent.ini';
const ML2 = '/etc/neutron/plugins/ml2/ml2_conf.ini';
const EXTERNAL =
  'neutron: { external: { interface: eth1, subnet: 203.0.113.0/24, gateway: 203.0.113.1, floating: 203.0.113.100-203.0.113.199 } }';

const deployed = deployment({ more: EXTERNAL });
const pathsOn = (host: string): readonly string[] =>
  placedBy(deployed)
    .filter((placed) => placed.host === host && /^\/etc\/(nova|neutron|default)\/(?!etcd)/.test(placed.path))
    .map(({ path }) => path)
    .sort();

describe('a dedicated network host', () => {
  it("has the agents' files and none of the control plane", () => {
    expect(pathsOn('n1')).toEqual([
      '/etc/neutron/dhcp_agent.ini',
      '/etc/neutron/l3_agent.ini',
      '/etc/neutron/metadata_agent.ini',
      NEUTRON,
      BRIDGE,
      ML2,
      '/etc/neutron/rootwrap.conf',
    ]);
  });

  it('has no database or token settings, and connects to every broker', () => {
    const values = valuesOn(deployed, 'n1', NEUTRON);
    const sections = new Set(Object.keys(values).map((key) => key.split('.')[0]));
    for (const section of ['database', 'keystone_authtoken', 'nova', 'placement']) {
      expect([...sections]).not.toContain(section);
    }
    expect(values['DEFAULT.transport_url']?.match(/@192\.0\.2\.1[123]:5672/g)).toHaveLength(3);
    expect(values['DEFAULT.host']).toBe('n1');
  });

  it('is attached to the external network, and tunnels from its own address', () => {
    expect(valuesOn(deployed, 'n1', BRIDGE)).toMatchObject({
      'linux_bridge.physical_interface_mappings': 'external:eth1',
      'vxlan.local_ip': '192.0.2.21',
    });
  });

  it('serves metadata in networks without a router', () => {
    const values = valuesOn(deployed, 'n1', '/etc/neutron/dhcp_agent.ini');
    expect(values['DEFAULT.enable_isolated_metadata']).toBe('true');
  });
});

describe('a dedicated compute host', () => {
  it('has the files of Nova and the bridge agent and none of the control plane', () => {
    expect(pathsOn('k1')).toEqual([
      NEUTRON,
      BRIDGE,
      ML2,
      '/etc/neutron/rootwrap.conf',
      '/etc/nova/nova.conf',
      '/etc/nova/rootwrap.conf',
    ]);
  });

  it('has no database settings and no metadata secret', () => {
    const values = valuesOn(deployed, 'k1', '/etc/nova/nova.conf');
    const keys = Object.keys(values);
    expect(keys.filter((key) => /database|keystone_authtoken|shared_secret/.test(key))).toEqual([]);
    expect(Object.values(values).join()).not.toContain('mysql');
    expect(values).toMatchObject({
      'DEFAULT.my_ip': '192.0.2.31',
      'DEFAULT.host': 'k1',
      'vnc.server_listen': '192.0.2.31',
      'neutron.username': 'neutron',
      'placement.username': 'placement',
    });
    expect(values['DEFAULT.transport_url']?.match(/@192\.0\.2\.1[123]:5672/g)).toHaveLength(3);
  });

  it('is not attached to the external network', () => {
    const values = valuesOn(deployed, 'k1', BRIDGE);
    expect(values['linux_bridge.physical_interface_mappings']).toBeUndefined();
    expect(values['vxlan.local_ip']).toBe('192.0.2.31');
  });
});

describe('a host with all roles', () => {
  it('has the files of the control plane and of all agents', () => {
    expect(pathsOn('all1').filter((path, index, all) => all.indexOf(path) === index)).toEqual([
      '/etc/default/cinder-api',
      '/etc/default/keystone',
      '/etc/default/neutron-server',
      '/etc/default/nova-api',
      '/etc/default/nova-api-metadata',
      '/etc/default/nova-consoleproxy',
      '/etc/default/placement-api',
      '/etc/neutron/dhcp_agent.ini',
      '/etc/neutron/l3_agent.ini',
      '/etc/neutron/metadata_agent.ini',
      NEUTRON,
      BRIDGE,
      ML2,
      '/etc/neutron/rootwrap.conf',
      '/etc/nova/nova.conf',
      '/etc/nova/rootwrap.conf',
    ]);
    expect(valuesOn(deployed, 'all1', '/etc/nova/nova.conf')['api_database.connection']).toContain(
      'nova_api',
    );
    expect(valuesOn(deployed, 'all1', NEUTRON)['database.connection']).toContain('/neutron');
    expect(valuesOn(deployed, 'all1', BRIDGE)['linux_bridge.physical_interface_mappings']).toBe(
      'external:eth1',
    );
  });
});

describe('the external network', () => {
  it('is configured on every host of Neutron, if there is one', () => {
    for (const host of ['c1', 'n1', 'k1']) {
      expect(valuesOn(deployed, host, ML2)['ml2_type_flat.flat_networks']).toBe('external');
      expect(valuesOn(deployment(), host, ML2)['ml2_type_flat.flat_networks']).toBeUndefined();
    }
  });
});

describe('the number of agents for each network and router', () => {
  const one = HOSTS.replace(/ {2}n1: .*\n/, '');
  const three = `${HOSTS}  n2: { address: 192.0.2.22, roles: [network] }\n`;
  const more = 'neutron: { dhcp_agents: 3, router_agents: 3 }';

  const cases: readonly (readonly [string, string, string, Readonly<Record<string, string>>])[] = [
    [
      'is two on two hosts',
      HOSTS,
      '',
      { l3_ha: 'true', max_l3_agents_per_router: '2', dhcp_agents_per_network: '2' },
    ],
    [
      'never exceeds the number of hosts',
      HOSTS,
      more,
      { l3_ha: 'true', max_l3_agents_per_router: '2', dhcp_agents_per_network: '2' },
    ],
    [
      'follows the inventory',
      three,
      more,
      { l3_ha: 'true', max_l3_agents_per_router: '3', dhcp_agents_per_network: '3' },
    ],
    [
      'is one on one host, whose routers may fail over to hosts added later',
      one,
      '',
      {
        l3_ha: 'false',
        max_l3_agents_per_router: '1',
        dhcp_agents_per_network: '1',
        allow_automatic_l3agent_failover: 'true',
      },
    ],
  ];
  it.each(cases)('%s', (_name, hosts, settings, expected) => {
    const values = valuesOn(deployment({ hosts, more: settings }), 'c1', NEUTRON);
    const keys = Object.keys(expected);
    expect(Object.fromEntries(keys.map((key) => [key, values[`DEFAULT.${key}`]]))).toEqual(expected);
  });
});
