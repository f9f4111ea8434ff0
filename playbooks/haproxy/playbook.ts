import {
  carried,
  file,
  type Operation,
  packages,
  playbook,
  service,
  step,
  type Takeover,
  takeoverOf,
  tls,
  token,
  verify,
} from 'osha';
import { drillServices } from './drill.ts';
import { haproxyConf, STATS_PORT, tlsBinding } from './files/conf.ts';
import { serversUp, vipsAnswer } from './health.ts';
import { life } from './life.ts';
import { clashes, everyFrontend, frontendProblems, refuseClashes } from './frontends.ts';
import { settings, settingsOf } from './settings.ts';
import { internalVipProblems, vipsOf } from './vips.ts';
import {
  authorityCarried,
  authorityOf,
  authoritySecret,
  certificateOf,
  endpointOf,
  tlsProblems,
  tlsVips,
  usesAuthority,
} from './tls.ts';

/**
 * The load balancer in front of every service, on its virtual IP. The playbooks of the services declare their
 * frontends.
 */
export default playbook({
  name: 'haproxy',
  title: 'HAProxy',
  // The hosts that can hold a virtual IP, and load balancers without one.
  hosts: (inventory) =>
    inventory.hosts.filter(
      (host) =>
        host.roles.includes('loadbalancer') ||
        vipsOf(inventory).some((vip) => vip.holders.includes(host.name)),
    ),
  needs: ['base'],
  settings,
  secrets: { haproxyStats: token('Password of the statistics page; the user is osha') },
  moreSecrets: authoritySecret,
  carries: ({ inventory, hosts, settings, platform }) => [
    carried.inLine('haproxyStats', hosts, platform.paths.haproxyConf, { line: 'stats auth osha:' }),
    ...(usesAuthority(settings) ? [authorityCarried(inventory, hosts, platform)] : []),
  ],
  authority: {
    secret: 'tlsAuthority',
    isUsed: (inventory) => usesAuthority(settingsOf(inventory)),
    certificate: ({ name }, key) => tls.authority(name, key).certificate,
  },
  ports: [{ port: STATS_PORT, process: 'haproxy' }],

  steps: ({ inventory, hosts, settings, secrets, frontends: others, takeovers, platform }) => {
    const vips = vipsOf(inventory);
    const { paths, units } = platform;
    const unit = units.haproxy;
    const frontends = everyFrontend(inventory, settings, others);
    const found = clashes(frontends);
    const authority = authorityOf(inventory, settings, secrets['tlsAuthority']);
    const encrypted = tlsVips(inventory, settings, platform);
    const heldBy = (host: string) => encrypted.filter(({ vip }) => vip.holders.includes(host));
    const bindings = new Map(
      encrypted.map(({ vip, path, settings: own }) => [vip.name, tlsBinding(path, own.hsts_seconds)]),
    );
    const takeover = (host: string) => takeoverOf(takeovers, unit, host);
    const servers = { hosts, vips, unit, takeovers, taken: 'perhaps' } as const;
    const holders = hosts.filter((host) => heldBy(host.name).length > 0);
    return [
      ...(found.length > 0 ? [step('Check for frontends that clash', refuseClashes(hosts, found))] : []),
      step('Install HAProxy', packages.installed(platform.packages.haproxy)),
      ...(authority
        ? [
            step(
              'Trust the CA of this deployment',
              file.content(paths.authority, { content: authority.certificate }),
            ),
          ]
        : []),
      ...(holders.length > 0
        ? [
            step(
              'Renew certificates',
              (host): Operation[] => heldBy(host.name).map((one) => certificateOf(one, inventory, authority)),
              { hosts: holders },
            ),
          ]
        : []),
      step('Configure every frontend', (host) =>
        file.content(paths.haproxyConf, {
          content: haproxyConf({
            deployment: inventory.name,
            host,
            vips,
            frontends,
            tls: bindings,
            statsPassword: secrets.haproxyStats,
            maxConnections: settings.max_connections,
          }),
          mode: 0o600,
          validate: 'haproxy -c -f {}',
        }),
      ),
      step(
        unitTitle(hosts.flatMap((host) => takeover(host.name) ?? [])),
        (host) =>
          service.running(unit, {
            newerThan: [paths.haproxyConf, ...heldBy(host.name).map(({ path }) => path)],
            reload: true,
            ...service.startup(takeover(host.name)),
          }),
        { recovers: true },
      ),
      step('Remove certificates that nothing uses', (host) =>
        tls.noOthers(
          paths.haproxyTls,
          heldBy(host.name).map(({ path }) => path),
        ),
      ),
      verify(
        'Every server is up',
        serversUp({ ...servers, frontends: frontends.filter((one) => !one.later) }),
        { awaitsOthers: true },
      ),
    ];
  },

  health: ({ inventory, hosts, settings, secrets, frontends: others, takeovers, platform }) => {
    const vips = vipsOf(inventory);
    const frontends = everyFrontend(inventory, settings, others);
    const authority = authorityOf(inventory, settings, secrets['tlsAuthority']);
    const encrypted = tlsVips(inventory, settings, platform);
    return [
      serversUp({ hosts, frontends, vips, unit: platform.units.haproxy, takeovers, taken: 'surely' }),
      ...(vips.length > 0 ? [vipsAnswer(hosts, vips)] : []),
      ...(encrypted.length > 0
        ? [
            tls.served(
              hosts,
              encrypted.map((one) => endpointOf(one, inventory, authority)),
            ),
          ]
        : []),
    ];
  },

  life: ({ inventory, hosts, settings, frontends, takeovers, platform }) =>
    life({
      hosts,
      frontends: everyFrontend(inventory, settings, frontends),
      vips: vipsOf(inventory),
      unit: platform.units.haproxy,
      takeovers,
      taken: 'surely',
    }),

  drill: ({ inventory, settings, frontends }) => ({
    services: drillServices(inventory, settings, everyFrontend(inventory, settings, frontends)),
  }),

  validate: (inventory, settings) => [
    ...internalVipProblems(inventory),
    ...frontendProblems(inventory, settings),
    ...tlsProblems(inventory, settings, Date.now() / 1000),
    ...(vipsOf(inventory).length > 0
      ? []
      : [
          {
            severity: 'warning' as const,
            path: [],
            message: 'there is no virtual IP, so HAProxy has no frontends',
            hint: 'declare one: vips: { api: { address: 10.0.0.20/24, interface: eth0 } }',
          },
        ]),
  ],
});

/** Title of the step that starts HAProxy, depending on whether Pacemaker takes it over. */
function unitTitle(takeovers: readonly Takeover[]): string {
  if (takeovers.length === 0) return 'Run HAProxy';
  return takeovers.every((takeover) => takeover.runsOn === 'one')
    ? 'Leave HAProxy to Pacemaker'
    : 'Run HAProxy until Pacemaker takes it over';
}
