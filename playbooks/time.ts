import { z } from 'zod';
import { everyHost, file, hostsWith, packages, playbook, service, step, verify } from 'osha';
import { chronyConf } from './time/chrony.ts';
import { clocksAgree } from './time/health.ts';
import { clockDropIn } from './time/unit.ts';

const settings = z.strictObject({
  servers: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'a host name or an address'))
    .default([])
    .describe(
      "Time servers outside of the deployment, which the hosts with the role time follow. Without one they agree on one host's clock.",
    ),
  control_clock: z
    .enum(['auto', 'always', 'never'])
    .default('auto')
    .describe(
      'Whether chrony sets the clock: auto does so but in a container, whose clock is that of the machine it runs on.',
    ),
  max_offset_ms: z
    .number()
    .positive()
    .default(100)
    .describe('A clock that is further off than this is not healthy.'),
});

/** One time on every host: tokens, certificates and logs are compared across hosts. */
export default playbook({
  name: 'time',
  title: 'Time (chrony)',
  hosts: everyHost,
  needs: ['base'],
  settings,

  steps: ({ inventory, hosts, settings, platform }) => {
    const dropIn = `/etc/systemd/system/${platform.units.chrony}.service.d/60-osha.conf`;
    const conf = platform.paths.chronyConf;
    const timeHosts = hostsWith(inventory, 'time');
    return [
      step(
        'Install chrony',
        packages.installed(platform.packages.chrony, { replaces: ['systemd-timesyncd'] }),
      ),
      step('Follow the time servers', (host) => [
        file.content(conf, { content: chronyConf({ host, hosts, timeHosts, servers: settings.servers }) }),
        file.content(dropIn, { content: clockDropIn(settings.control_clock) }),
        service.running(platform.units.chrony, { newerThan: [conf, dropIn] }),
      ]),
      verify('Clocks agree', clocksAgree(hosts, timeHosts, settings)),
    ];
  },

  health: ({ inventory, hosts, settings }) => [clocksAgree(hosts, hostsWith(inventory, 'time'), settings)],
});
