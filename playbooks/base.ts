import { z } from 'zod';
import {
  everyHost,
  hostname,
  hostsFile,
  hostsWith,
  kernelModules,
  packages,
  playbook,
  repository,
  step,
  sysctl,
  timezone,
} from 'osha';
import type { Inventory } from 'osha';

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'an address like http://10.0.0.1:3142' })
  .refine((url) => !/^https?:\/\/[^/]*@/.test(url), {
    error: 'a user and password do not belong here: the inventory holds no secrets',
  })
  .refine((url) => !/["\s;]/.test(url), { error: 'no quotes, spaces or semicolons' });

const hostLabel = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'a host name: letters, digits, dots and dashes');

const source = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]*$/, 'letters, digits, dots and dashes')
    .describe('Names its file on the hosts.'),
  uri: httpUrl,
  suite: z
    .string()
    .regex(/^[A-Za-z0-9./][\w.+~/-]*$/, 'a word of letters, digits and . / + ~ _ -')
    .describe('Such as bookworm-backports, or a path that ends with a slash.'),
  components: z
    .array(z.string().regex(/^[A-Za-z0-9][\w.+/-]*$/, 'a word of letters, digits and . / + _ -'))
    .default(['main']),
  key: z.string().startsWith('-----BEGIN PGP PUBLIC KEY BLOCK-----', 'an armored public key').optional(),
});

const settings = z.strictObject({
  timezone: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/, 'a name like Etc/UTC or Europe/Zurich')
    .default('Etc/UTC')
    .describe('Every host shows this time, so that their logs can be read side by side.'),
  proxy: httpUrl.optional().describe('An HTTP proxy that packages are fetched through.'),
  sources: z.array(source).default([]).describe("Where packages come from besides the system's own sources."),
  packages: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, "a package's name"))
    .default([])
    .describe('More packages for every host.'),
  vip_names: z
    .record(z.string(), z.array(hostLabel))
    .default({})
    .describe('More names for virtual IPs in /etc/hosts, by VIP: { api: [controller] }.'),
  sysctl: z
    .record(
      z.string().regex(/^[a-z0-9_][a-z0-9_.-]*$/, 'a name like net.core.somaxconn'),
      z.union([z.int(), z.string().regex(/^[^\n]+$/)]),
    )
    .default({})
    .describe('More kernel settings for every host.'),
});

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
      step('Name the host as the inventory does', (host) => hostname.is(host.name)),
      step('Know every host and virtual IP by name', hostsFile.block(names(inventory, settings.vip_names))),
      step('Set the time zone', timezone.is(settings.timezone)),
      step('Choose the sources of packages', [
        repository.proxy(settings.proxy, platform),
        ...settings.sources.map(({ key, ...rest }) =>
          repository.apt({ ...rest, ...(key === undefined ? {} : { key }) }, platform),
        ),
      ]),
      step('Install common tools', packages.installed([...platform.packages.common, ...settings.packages])),
      step(
        'Forward packets, bind virtual IPs that are elsewhere, and notice peers that died',
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
              'Filter packets that cross bridges',
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
