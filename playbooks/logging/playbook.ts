import { z } from 'zod';
import { file, packages, playbook, service, step, verify } from 'osha';
import { logrotateConf, OWN_LOGS, rsyslogConf } from './files/conf.ts';
import { linesAreTaken } from './health.ts';

const settings = z.strictObject({
  keep_days: z.int().min(1).max(3650).default(14).describe('Days to keep logs, one file per day.'),
  remote: z
    .array(
      z
        .string()
        .regex(
          /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[1-9]\d{0,4})?$/,
          'a host name or an address, and a port',
        ),
    )
    .default([])
    .describe('Syslog servers that also get every line of these hosts, such as logs.example.net:514.'),
  remote_protocol: z
    .enum(['udp', 'tcp'])
    .default('udp')
    .describe('Protocol for these servers: TCP loses no lines on the way.'),
});

/** HAProxy's and keepalived's lines in files of their own: in the system's log they would drown everything else. */
export default playbook({
  name: 'logging',
  title: 'Logging (rsyslog)',
  // HAProxy or keepalived may run there: on every load balancer, and on every holder of a virtual IP.
  hosts: (inventory) =>
    inventory.hosts.filter(
      (host) =>
        host.roles.includes('loadbalancer') || inventory.vips.some((vip) => vip.holders.includes(host.name)),
    ),
  needs: ['base'],
  settings,

  steps: ({ hosts, settings, platform }) => {
    const { paths, units } = platform;
    // Read before the packages' own files, which then find nothing left to take.
    const conf = `${paths.rsyslogConf}/30-osha.conf`;
    return [
      step('Install rsyslog', packages.installed(platform.packages.rsyslog)),
      step('Write the logs of HAProxy and keepalived to their own files', [
        file.content(conf, {
          content: rsyslogConf({ remote: settings.remote, protocol: settings.remote_protocol }),
          validate: 'rsyslogd -N1 -f {}',
        }),
        service.running(units.rsyslog, { newerThan: [conf] }),
      ]),
      step('Rotate these files', [
        ...OWN_LOGS.map((log) =>
          file.content(`${paths.logrotateConf}/${log.program}`, {
            content: logrotateConf(log, settings.keep_days, paths.rsyslogRotate),
            validate: 'logrotate --debug {}',
          }),
        ),
        service.running(units.logrotate),
      ]),
      verify('rsyslog accepts messages', linesAreTaken(hosts, units.rsyslog)),
    ];
  },

  health: ({ hosts, platform }) => [linesAreTaken(hosts, platform.units.rsyslog)],
});
