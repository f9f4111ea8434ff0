import {
  everyHost,
  hostname,
  hostsFile,
  hostsWith,
  type Inventory,
  kernelModules,
  packages,
  playbook,
  repository,
  step,
  sysctl,
  timezone,
} from 'osha';
import { settings } from './settings.ts';

/**
 * A client that waits for a response from a virtual IP gets no notification when its host dies: the host that takes the
 * address over resets the connection only when it receives a packet of it. The kernel's default keepalive is two hours
 * (tcp(7)). Here a dead connection ends after 15 + 3 x 5 s, where the program enables keepalive: HAProxy and the clients
 * of the database and of the message broker do. That is half of HAProxy's response timeout, so a service can retry.
 */
const KEEPALIVE = {
  'net.ipv4.tcp_keepalive_time': 15,
  'net.ipv4.tcp_keepalive_intvl': 5,
  'net.ipv4.tcp_keepalive_probes': 3,
};

/** The names of all hosts and virtual IPs, in inventory order. */
function hostsEntries(
  inventory: Inventory,
  vipNames: Readonly<Record<string, readonly string[]>>,
): hostsFile.HostsEntry[] {
  return [
    ...inventory.hosts.map((host) => ({ address: host.address, names: [host.name] })),
    ...inventory.vips.map((vip) => ({
      address: vip.address,
      names: [vip.name, ...(vipNames[vip.name] ?? [])],
    })),
  ];
}

/** The basic configuration of every host, whatever its roles. */
export default playbook({
  name: 'base',
  title: 'Base system',
  servesHost: true,
  hosts: everyHost,
  settings,

  steps: ({ inventory, platform, settings }) => {
    const forwarding = [...new Set([...hostsWith(inventory, 'network'), ...hostsWith(inventory, 'compute')])];
    return [
      step('Set the host name', (host) => hostname.is(host.name)),
      step(
        'List every host and virtual IP in /etc/hosts',
        hostsFile.block(hostsEntries(inventory, settings.vip_names)),
      ),
      step('Set the time zone', timezone.is(settings.timezone)),
      step('Configure package sources', [
        repository.proxy(settings.proxy, platform),
        ...settings.sources.map(({ key, ...rest }) =>
          repository.apt({ ...rest, ...(key === undefined ? {} : { key }) }, platform),
        ),
      ]),
      step('Install common tools', packages.installed([...platform.packages.common, ...settings.packages])),
      step(
        'Set kernel parameters',
        sysctl.values('base', {
          'net.ipv4.ip_forward': 1,
          'net.ipv4.ip_nonlocal_bind': 1,
          ...KEEPALIVE,
          ...settings.sysctl,
        }),
      ),
      ...(forwarding.length > 0
        ? [
            step(
              'Filter bridged packets',
              [
                kernelModules.loaded('bridges', [{ name: 'br_netfilter', gives: '/proc/sys/net/bridge' }]),
                sysctl.values('bridges', {
                  'net.bridge.bridge-nf-call-iptables': 1,
                  'net.bridge.bridge-nf-call-ip6tables': 1,
                }),
              ],
              { hosts: forwarding },
            ),
          ]
        : []),
    ];
  },

  validate: (inventory, settings) =>
    Object.keys(settings.vip_names)
      .filter((name) => !inventory.vips.some((vip) => vip.name === name))
      .map((name) => ({
        severity: 'error' as const,
        path: ['base', 'vip_names', name],
        message: `there is no virtual IP "${name}"`,
        hint:
          inventory.vips.length > 0
            ? `the virtual IPs are: ${inventory.vips.map((vip) => vip.name).join(', ')}`
            : 'declare it under vips',
      })),
});
