import { z } from 'zod';
import { file, packages, playbook, service, step, token, verify } from 'osha';
import { haproxyConf, STATS_PORT } from './haproxy/conf.ts';
import { serversUp, vipsAnswer } from './haproxy/health.ts';

const settings = z.strictObject({
  max_connections: z.int().min(100).default(4000).describe('Connections at the same time, on each host.'),
});

/** In front of every service, on its virtual IP. Which services those are, their own playbooks say. */
export default playbook({
  name: 'haproxy',
  title: 'HAProxy',
  // The hosts that can hold a virtual IP, and load balancers without one.
  hosts: (inventory) =>
    inventory.hosts.filter(
      (host) =>
        host.roles.includes('loadbalancer') || inventory.vips.some((vip) => vip.holders.includes(host.name)),
    ),
  needs: ['base'],
  settings,
  secrets: { haproxyStats: token('Password of the page with the state of every server; its user is osha') },
  ports: [{ port: STATS_PORT, process: 'haproxy' }],

  steps: ({ inventory, hosts, settings, secrets, frontends, platform }) => {
    const { vips } = inventory;
    const unit = platform.units.haproxy;
    const conf = platform.paths.haproxyConf;
    const clustered = vips.some((vip) => vip.by === 'pacemaker');
    return [
      step('Install HAProxy', packages.installed(platform.packages.haproxy)),
      step('Configure every frontend', (host) =>
        file.content(conf, {
          content: haproxyConf({
            host,
            vips,
            frontends,
            statsPassword: secrets.haproxyStats,
            maxConnections: settings.max_connections,
          }),
          mode: 0o600,
          validate: 'haproxy -c -f {}',
        }),
      ),
      // Pacemaker takes over what runs already; from then on it alone starts and stops it.
      step(
        clustered ? 'Run HAProxy until Pacemaker takes it over' : 'Run HAProxy',
        service.running(unit, {
          newerThan: [conf],
          reload: true,
          enabled: !clustered,
          ...(clustered ? { leftTo: platform.units.pacemaker } : {}),
        }),
      ),
      verify('Every server is up', serversUp(hosts, frontends, vips, unit)),
    ];
  },

  health: ({ inventory, hosts, frontends, platform }) => [
    serversUp(hosts, frontends, inventory.vips, platform.units.haproxy),
    ...(inventory.vips.length > 0 ? [vipsAnswer(hosts, inventory.vips)] : []),
  ],

  validate: (inventory) =>
    inventory.vips.length > 0
      ? []
      : [
          {
            severity: 'warning',
            path: [],
            message: 'there is no virtual IP, so nothing is put behind HAProxy',
            hint: 'declare one: vips: { api: { address: 10.0.0.20/24, interface: eth0 } }',
          },
        ],
});
