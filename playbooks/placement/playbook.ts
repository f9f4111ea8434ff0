import { z } from 'zod';
import { file, ini, minutes, packages, playbook, step, verify } from 'osha';
import { HOLDS_VIPS, apiFrontends } from '../openstack/endpoints.ts';
import { apiAnswers, serviceHealth } from '../openstack/health.ts';
import { hostsRunning } from '../openstack/hosts.ts';
import { SERVICES } from '../openstack/services.ts';
import { databaseSection, PROXY_HEADERS, siteOf, tokenSection, type Site } from '../openstack/site.ts';
import { runUnits, tables } from '../openstack/steps.ts';
import { uwsgiDefaults } from '../openstack/uwsgi.ts';
import { accessSecrets, accountCarried, ADMIN, databaseCarried } from '../openstack/secrets.ts';

const { port } = SERVICES.placement;
const CONF = '/etc/placement/placement.conf';
const DEFAULTS = '/etc/default/placement-api';

function placementConf(site: Site): ReturnType<typeof ini> {
  return ini({
    DEFAULT: { log_dir: '/var/log/placement' },
    api: { auth_strategy: 'keystone' },
    placement_database: databaseSection(site.database('placement', 'placement')),
    keystone_authtoken: tokenSection(site, 'placement'),
    oslo_middleware: PROXY_HEADERS,
  });
}

/** Tracks the free resources of compute hosts, for the scheduling of servers. */
export default playbook({
  name: 'placement',
  title: 'Placement',
  hosts: hostsRunning('placement'),
  needs: ['keystone', ...HOLDS_VIPS],
  wave: 'openstack',
  settings: z.strictObject({}),
  secrets: ADMIN,
  moreSecrets: (_settings, inventory) =>
    accessSecrets(inventory, { databases: ['placement'], accounts: ['placement'] }),
  ports: [{ port, process: 'uwsgi' }],
  carries: ({ hosts }) => [
    databaseCarried('placement', hosts, CONF, 'placement_database'),
    accountCarried('placement', hosts, CONF),
  ],

  steps: (context) => {
    const { hosts, takeovers, platform } = context;
    const site = siteOf(context);
    return [
      step('Install Placement', packages.installed(platform.packages.placement)),
      step('Configure Placement', (host) => [
        file.content(CONF, { content: placementConf(site), group: 'placement', mode: 0o640 }),
        file.content(DEFAULTS, {
          content: uwsgiDefaults({
            host,
            port,
            ini: '/etc/placement/placement-api-uwsgi.ini',
            processes: site.settings.workers,
          }),
        }),
      ]),
      step(
        'Create its tables',
        tables(site, 'placement', {
          database: 'placement',
          migrations: 'placement/db/sqlalchemy/alembic',
          upgrade: 'placement-manage db sync',
        }),
      ),
      ...runUnits('Placement', {
        units: [platform.units.placement],
        files: [CONF, DEFAULTS],
        takeovers,
        hosts,
        untilHealthy: (host) => apiAnswers(context, 'placement', host),
      }),
      verify('Placement answers', apiAnswers(context, 'placement'), { within: minutes(2) }),
    ];
  },

  health: (context) => [serviceHealth(context, 'placement')],

  frontends: (context) => apiFrontends('placement', context),
});
