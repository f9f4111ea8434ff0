import { z } from 'zod';
import { file, hostsWith, minutes, packages, playbook, step, verify } from 'osha';
import type { HealthCheck, Host, Inventory, Platform } from 'osha';
import { glanceConf, IMAGES } from './glance/conf.ts';
import { apiFrontend } from './openstack/api.ts';
import { servicesOf } from './openstack/settings.ts';
import { sharedFolders } from './openstack/shared-folders.ts';
import { siteOf } from './openstack/site.ts';
import { apiAnswers, tables, unitsRun } from './openstack/steps.ts';

const CONF = '/etc/glance/glance-api.conf';

/** Where images are on one host alone, no other host could give them out. */
function hostsOf(inventory: Inventory): readonly Host[] {
  if (!servicesOf(inventory).includes('image')) return [];
  const control = hostsWith(inventory, 'control');
  return sharedFolders(inventory).has(IMAGES) ? control : control.slice(0, 1);
}

function answers(hosts: readonly Host[], platform: Platform): HealthCheck {
  return apiAnswers('image', { title: 'Glance', hosts, package: 'glance-api', unit: platform.units.glance });
}

/** Images that servers boot from. */
export default playbook({
  name: 'glance',
  title: 'Glance (images)',
  hosts: hostsOf,
  needs: ['keystone'],
  settings: z.strictObject({}),
  ports: [{ port: 9292, process: 'python3' }],

  steps: (context) => {
    const { hosts, takeovers, platform } = context;
    const site = siteOf(context);
    return [
      step('Install Glance', packages.installed(platform.packages.glance)),
      step('Configure Glance', (host) =>
        file.content(CONF, { content: glanceConf(site, host), group: 'glance', mode: 0o640 }),
      ),
      step('Keep images', file.directory(IMAGES, { owner: 'glance', mode: 0o750 })),
      step(
        'Create its tables',
        tables(site, 'image', {
          database: 'glance',
          migrations: 'glance/db/sqlalchemy/alembic_migrations',
          upgrade: 'glance-manage db_sync',
        }),
        { once: true },
      ),
      step('Run Glance', unitsRun([platform.units.glance], [CONF], takeovers)),
      verify('Glance answers on every host', answers(hosts, platform), { within: minutes(2) }),
    ];
  },

  health: ({ hosts, platform }) => [answers(hosts, platform)],

  frontends: ({ hosts }) => [apiFrontend('image', hosts)],

  validate: (inventory) =>
    hostsWith(inventory, 'control').length > 1 && !sharedFolders(inventory).has(IMAGES)
      ? [
          {
            severity: 'warning',
            path: ['openstack', 'services'],
            message: `images are kept on ${hostsOf(inventory)[0]?.name ?? 'one host'} alone: while it is down no image can be read, so no server can be made`,
            hint: `share ${IMAGES}: glusterfs: { volumes: { images: { path: /srv/gluster/images, mount: ${IMAGES}, on: [control] } } }`,
          },
        ]
      : [],
});
