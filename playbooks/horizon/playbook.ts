import { z } from 'zod';
import {
  carried,
  file,
  type HealthCheck,
  hostsWith,
  minutes,
  mysql,
  packages,
  playbook,
  service,
  step,
  takeoverOf,
  token,
  verify,
} from 'osha';
import { APACHE_CONF, apacheConf, DATABASE, horizonSettings, SETTINGS } from './files/conf.ts';
import { dashboardFrontends, entranceOf, PORT } from './entrance.ts';
import { dashboardAnswers } from './health.ts';
import {
  CLEANUP_SERVICE_FILE,
  CLEANUP_SERVICE_UNIT,
  CLEANUP_TIMER,
  CLEANUP_TIMER_FILE,
  CLEANUP_TIMER_UNIT,
  tablesOfLogins,
} from './logins.ts';
import { HOLDS_VIPS } from '../openstack/endpoints.ts';
import { hostsOfService } from '../openstack/hosts.ts';
import { ADMIN } from '../openstack/secrets.ts';
import { servicesOf } from '../openstack/settings.ts';
import { siteOf } from '../openstack/site.ts';
import { runUnits } from '../openstack/steps.ts';

const settings = z.strictObject({
  names: z
    .array(
      z
        .string()
        .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'a host name: small letters, digits, dots and dashes'),
    )
    .default([])
    .describe(
      'Names of the dashboard for browsers, in addition to the virtual IP and the names of its certificate.',
    ),
});

/** The dashboard, on every host with that role. A session is valid on all of them and survives the loss of any. */
export default playbook({
  name: 'horizon',
  title: 'Horizon (dashboard)',
  // Includes the database hosts, where its database is created.
  hosts: (inventory) => {
    const own = hostsOfService(inventory, 'dashboard');
    const databases = own.length === 0 ? [] : hostsWith(inventory, 'database');
    return inventory.hosts.filter((host) => own.includes(host) || databases.includes(host));
  },
  needs: ['keystone', ...HOLDS_VIPS],
  wave: 'openstack',
  settings,
  secrets: {
    ...ADMIN,
    horizonKey: token('Key with which the dashboard signs cookies and sessions', 64),
    horizonDatabase: token("Password of the dashboard's database account"),
  },
  carries: ({ inventory }) => {
    const own = hostsOfService(inventory, 'dashboard');
    return [
      carried.inLine('horizonKey', own, SETTINGS, { line: "SECRET_KEY = '" }),
      carried.inLine('horizonDatabase', own, SETTINGS, { line: "'PASSWORD': '" }),
    ];
  },
  morePorts: ({ inventory }) => [
    {
      port: PORT,
      process: 'apache2',
      hosts: hostsOfService(inventory, 'dashboard').map((host) => host.name),
    },
  ],

  steps: (context) => {
    const { inventory, settings, secrets, takeovers, platform } = context;
    const site = siteOf(context);
    const hosts = hostsOfService(inventory, 'dashboard');
    const entrance = entranceOf(inventory, hosts, settings.names);
    const password = secrets.horizonDatabase;
    const answers = dashboardAnswers(hosts, platform, takeovers);
    const unit = platform.units.horizon;
    return [
      step('Install Horizon', packages.installed(platform.packages.horizon), { hosts }),
      step(
        'Create the session database',
        [mysql.database(DATABASE), mysql.user(DATABASE, { password, databases: [DATABASE] })],
        { hosts: hostsWith(inventory, 'database') },
      ),
      step(
        'Configure Horizon',
        (host) => [
          file.content(SETTINGS, {
            content: horizonSettings({ site, entrance, key: secrets.horizonKey, databasePassword: password }),
            group: 'www-data',
            mode: 0o640,
          }),
          file.content(APACHE_CONF, {
            content: apacheConf({ host, entrance, processes: site.settings.workers }),
            // The check creates the folder of Apache's sockets if it is missing, and every user must be able to enter it.
            validate: 'umask 022; apache2ctl -f {} -t',
          }),
        ],
        { hosts },
      ),
      step('Create its tables', tablesOfLogins(site, password), { hosts }),
      ...runUnits('Horizon', {
        units: [unit],
        files: [SETTINGS, APACHE_CONF],
        takeovers,
        hosts,
        untilHealthy: (host) =>
          takeoverOf(takeovers, unit, host.name) ? answers : dashboardAnswers([host], platform),
      }),
      verify('Every host serves the login page', answers, {
        within: minutes(2),
      }),
      step(
        'Delete expired sessions daily',
        [
          file.content(CLEANUP_SERVICE_FILE, { content: CLEANUP_SERVICE_UNIT }),
          file.content(CLEANUP_TIMER_FILE, { content: CLEANUP_TIMER_UNIT }),
          service.running(CLEANUP_TIMER, { newerThan: [CLEANUP_TIMER_FILE] }),
        ],
        { hosts },
      ),
    ];
  },

  health: ({ inventory, platform, takeovers }) => [
    dashboardAnswers(hostsOfService(inventory, 'dashboard'), platform, takeovers) as HealthCheck,
  ],

  frontends: ({ inventory, platform }) =>
    dashboardFrontends(inventory, hostsOfService(inventory, 'dashboard')).map((frontend) => ({
      ...frontend,
      unit: platform.units.horizon,
    })),

  validate: (inventory) =>
    servicesOf(inventory).includes('dashboard') && hostsWith(inventory, 'dashboard').length === 0
      ? [
          {
            severity: 'error',
            path: ['openstack', 'services'],
            message: 'the dashboard needs a host with the role dashboard',
            hint: 'give a host that role',
          },
        ]
      : [],
});
