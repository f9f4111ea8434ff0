import { z } from 'zod';
import { file, packages, playbook, service, step, verify } from 'osha';
import { logrotateConf, OWN_LOGS, rsyslogConf } from './files/conf.ts';
import { rsyslogAccepts } from './health.ts';

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
    .describe(
      'Syslog servers that also receive every log line of these hosts, such as logs.example.net:514.',
    ),
  remote_protocol: z
    .enum(['udp', 'tcp'])
    .default('udp')
    .describe('Protocol for these servers; only TCP loses no lines in transit.'),
});

/** Writes the logs of HAProxy and keepalived to separate files: they would flood the system log. */
export default playbook({
  name: 'logging',
  title: 'Logging (rsyslog)',
  servesHost: true,
  // All hosts that may run HAProxy or keepalived.
  hosts: (inventory) =>
    inventory.hosts.filter(
      (host) =>
        host.roles.includes('loadbalancer') || inventory.vips.some((vip) => vip.holders.includes(host.name)),
    ),
  needs: ['base'],
  settings,

  steps: ({ hosts, settings, platform }) => {
    const { paths, units } = platform;
    // Sorts before the files of the packages, whose rules then no longer match.
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
      verify('rsyslog accepts messages', rsyslogAccepts(hosts, units.rsyslog)),
    ];
  },

  health: ({ hosts, platform }) => [rsyslogAccepts(hosts, platform.units.rsyslog)],
});
