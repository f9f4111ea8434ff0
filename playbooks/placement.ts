import { z } from 'zod';
import { file, ini, minutes, packages, playbook, role, step, verify } from 'osha';
import type { HealthCheck, Host, Platform } from 'osha';
import { apiFrontend } from './openstack/api.ts';
import { SERVICES } from './openstack/services.ts';
import { servicesOf } from './openstack/settings.ts';
import { databaseSection, PROXY_HEADERS, siteOf, tokenSection, type Site } from './openstack/site.ts';
import { apiAnswers, tables, unitsRun } from './openstack/steps.ts';
import { uwsgiDefaults } from './openstack/uwsgi.ts';

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

function answers(hosts: readonly Host[], platform: Platform): HealthCheck {
  const unit = platform.units.placement;
  return apiAnswers('placement', { title: 'Placement', hosts, package: 'placement-api', unit });
}

/** What compute hosts have left, so that servers are put where they fit. */
export default playbook({
  name: 'placement',
  title: 'Placement',
  hosts: (inventory) => (servicesOf(inventory).includes('placement') ? role('control')(inventory) : []),
  needs: ['keystone'],
  settings: z.strictObject({}),
  ports: [{ port, process: 'uwsgi' }],

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
            threads: 4,
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
        { once: true },
      ),
      step('Run Placement', unitsRun([platform.units.placement], [CONF, DEFAULTS], takeovers)),
      verify('Placement answers on every host', answers(hosts, platform), { within: minutes(2) }),
    ];
  },

  health: ({ hosts, platform }) => [answers(hosts, platform)],

  frontends: ({ hosts }) => [apiFrontend('placement', hosts)],
});
