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
 * Who waits for an answer at a virtual IP whose host died is told by nobody: the host that takes it over learns of the
 * connection only when something is sent on it. The kernel asks after two hours (tcp(7)); here a connection without a
 * sign of life is ended after 15 + 3 x 5 s, if its program asks for keepalive: HAProxy, the client of the database and
 * that of the broker do. That is half of what HAProxy lets a client wait for its answer, so a service can try again.
 */
const KEEPALIVE = {
  'net.ipv4.tcp_keepalive_time': 15,
  'net.ipv4.tcp_keepalive_intvl': 5,
  'net.ipv4.tcp_keepalive_probes': 3,
};

/** Every host's and every virtual IP's names, in the order of the inventory. */
function names(
  inventory: Inventory,
  more: Readonly<Record<string, readonly string[]>>,
): hostsFile.HostsEntry[] {
  return [
    ...inventory.hosts.map((host) => ({ address: host.address, names: [host.name] })),
    ...inventory.vips.map((vip) => ({ address: vip.address, names: [vip.name, ...(more[vip.name] ?? [])] })),
  ];
}

/** What every host has, whatever it is for. */
export default playbook({
  name: 'base',
  title: 'Base system',
  hosts: everyHost,
  settings,

  steps: ({ inventory, platform, settings }) => {
    const forwarding = [...new Set([...hostsWith(inventory, 'network'), ...hostsWith(inventory, 'compute')])];
    return [
      step('Set the host name', (host) => hostname.is(host.name)),
      step(
        'List every host and virtual IP in /etc/hosts',
        hostsFile.block(names(inventory, settings.vip_names)),
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
