import { everyHost, file, hostsWith, minutes, packages, playbook, service, step, verify } from 'osha';
import { chronyConf, clockDropIn } from './files/chrony.ts';
import { clocksAgree } from './health.ts';
import { settings, timeProblems } from './settings.ts';

/** The same time on every host: tokens, certificates and logs depend on it. */
export default playbook({
  name: 'time',
  title: 'Time (chrony)',
  servesHost: true,
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
      step('Configure chrony', (host) => [
        file.content(conf, {
          content: chronyConf({ host, hosts, timeHosts, settings, pool: platform.timePool }),
        }),
        file.content(dropIn, { content: clockDropIn(settings.control_clock) }),
      ]),
      step('Run chrony', service.running(platform.units.chrony, { newerThan: [conf, dropIn] }), {
        recovers: true,
      }),
      // A host that led takes several polls to follow another one.
      verify('Clocks agree', clocksAgree(hosts, timeHosts, settings, platform.timePool), {
        within: minutes(5),
      }),
    ];
  },

  health: ({ inventory, hosts, settings, platform }) => [
    clocksAgree(hosts, hostsWith(inventory, 'time'), settings, platform.timePool),
  ],

  validate: timeProblems,
});
