import { type Host, ini, type Inventory, type Platform, type Secret, type SecretText } from 'osha';
import { endpointsAt, metadataVip, needsAuthority } from '../../openstack/endpoints.ts';
import { networkHosts } from '../../openstack/hosts.ts';
import { METADATA_PORT } from '../../openstack/services.ts';
import {
  callerSection,
  databaseSection,
  messagingSection,
  PROXY_HEADERS,
  tokenSection,
  type Site,
} from '../../openstack/site.ts';
import { PHYSICAL_NETWORK, settingsOf } from '../settings.ts';

export const CONF = '/etc/neutron/neutron.conf';
export const ML2 = '/etc/neutron/plugins/ml2/ml2_conf.ini';
export const BRIDGE = '/etc/neutron/plugins/ml2/linuxbridge_agent.ini';
export const DHCP = '/etc/neutron/dhcp_agent.ini';
export const L3 = '/etc/neutron/l3_agent.ini';
export const METADATA = '/etc/neutron/metadata_agent.ini';

/** `neutron.conf` of one host, for any part of Neutron. */
export function neutronConf(site: Site, inventory: Inventory, host: Host): SecretText {
  const control = host.roles.includes('control');
  const { workers } = site.settings;
  const { dhcp_agents: dhcp, router_agents: routers } = settingsOf(inventory);
  const available = networkHosts(inventory).length;
  // A highly available router needs two hosts; with one it would never become active.
  const highlyAvailable = available > 1;
  return ini({
    DEFAULT: {
      log_dir: '/var/log/neutron',
      // Debian's init script greps for exactly this line, and exits silently without it.
      core_plugin: 'ml2',
      service_plugins: 'router',
      host: host.name,
      bind_host: host.address,
      transport_url: site.transport,
      interface_driver: 'linuxbridge',
      ...(control
        ? {
            rpc_workers: workers,
            rpc_state_report_workers: 1,
            l3_ha: highlyAvailable,
            max_l3_agents_per_router: Math.min(routers, Math.max(available, 1)),
            dhcp_agents_per_network: Math.min(dhcp, Math.max(available, 1)),
            // Neutron moves a network off a dead DHCP agent.
            allow_automatic_dhcp_failover: true,
            allow_automatic_l3agent_failover: !highlyAvailable,
          }
        : {}),
    },
    oslo_messaging_rabbit: messagingSection(inventory),
    oslo_concurrency: { lock_path: '/var/lock/neutron' },
    // This release calls the Linux bridge experimental, and refuses it without this.
    experimental: { linuxbridge: true },
    agent: {
      root_helper: 'sudo neutron-rootwrap /etc/neutron/rootwrap.conf',
      // One long-running Python process instead of one per command.
      root_helper_daemon: 'sudo neutron-rootwrap-daemon /etc/neutron/rootwrap.conf',
    },
    ...(control
      ? {
          database: databaseSection(site.database('network', 'neutron')),
          keystone_authtoken: tokenSection(site, 'network'),
          // The default of both is the public endpoint, which a host may not reach.
          nova: callerSection(site, 'compute', { endpoint_type: 'internal' }),
          placement: callerSection(site, 'placement', { endpoint_type: 'internal' }),
          oslo_middleware: PROXY_HEADERS,
        }
      : {}),
  });
}

/** `ml2_conf.ini`: project networks are VXLAN, the external one is flat. */
export function ml2Conf(inventory: Inventory): SecretText {
  const { external } = settingsOf(inventory);
  return ini({
    ml2: {
      type_drivers: 'flat,vxlan',
      tenant_network_types: 'vxlan',
      mechanism_drivers: 'linuxbridge,l2population',
      extension_drivers: 'port_security',
    },
    ml2_type_flat: external ? { flat_networks: PHYSICAL_NETWORK } : {},
    ml2_type_vxlan: { vni_ranges: '1:100000' },
  });
}

/** `linuxbridge_agent.ini` of one host. Only network hosts are attached to the external network. */
export function bridgeConf(inventory: Inventory, host: Host): SecretText {
  const { external } = settingsOf(inventory);
  const attached = external && host.roles.includes('network');
  return ini({
    linux_bridge: attached
      ? { physical_interface_mappings: `${PHYSICAL_NETWORK}:${external.interface}` }
      : {},
    vxlan: { enable_vxlan: true, local_ip: host.address, l2_population: true },
    securitygroup: { enable_security_group: true, firewall_driver: 'iptables' },
  });
}

/** `dhcp_agent.ini`. */
export function dhcpConf(): SecretText {
  return ini({
    DEFAULT: {
      interface_driver: 'linuxbridge',
      dhcp_driver: 'neutron.agent.linux.dhcp.Dnsmasq',
      // Serves metadata in networks without a router.
      enable_isolated_metadata: true,
    },
  });
}

/** `l3_agent.ini`. The agents of a router elect the active one by VRRP. */
export function l3Conf(): SecretText {
  return ini({ DEFAULT: { interface_driver: 'linuxbridge' } });
}

/** `metadata_agent.ini`. The agent forwards servers' metadata requests to Nova, at a virtual IP that users cannot reach. */
export function metadataConf(
  site: Site,
  { inventory, platform, secret }: { inventory: Inventory; platform: Platform; secret: Secret },
): SecretText {
  const { vip, scheme } = endpointsAt(inventory, metadataVip(inventory));
  return ini({
    DEFAULT: {
      nova_metadata_host: vip.address,
      nova_metadata_port: METADATA_PORT,
      nova_metadata_protocol: scheme,
      auth_ca_cert: needsAuthority(inventory, vip) ? platform.paths.authority : undefined,
      metadata_proxy_shared_secret: secret,
      metadata_workers: site.settings.workers,
    },
  });
}
