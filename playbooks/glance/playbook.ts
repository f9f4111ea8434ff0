import { z } from 'zod';
import { file, hostsWith, minutes, packages, playbook, step, verify } from 'osha';
import { glanceConf } from './files/conf.ts';
import { HOLDS_VIPS, apiFrontends } from '../openstack/endpoints.ts';
import { apiAnswers, serviceHealth } from '../openstack/health.ts';
import { hostsOfService, IMAGES, hostsRunning } from '../openstack/hosts.ts';
import { needsMounts, isShared } from '../openstack/mounts.ts';
import { SERVICES } from '../openstack/services.ts';
import { siteOf } from '../openstack/site.ts';
import { runUnits, tables } from '../openstack/steps.ts';
import { accessSecrets, accountCarried, ADMIN, databaseCarried } from '../openstack/secrets.ts';

const CONF = '/etc/glance/glance-api.conf';

/** The images that servers boot from. */
export default playbook({
  name: 'glance',
  title: 'Glance (images)',
  hosts: hostsRunning('image'),
  needs: ['keystone', ...HOLDS_VIPS],
  wave: 'openstack',
  settings: z.strictObject({}),
  secrets: ADMIN,
  moreSecrets: (_settings, inventory) =>
    accessSecrets(inventory, { databases: ['image'], accounts: ['image'] }),
  ports: [{ port: SERVICES.image.port, process: 'glance-api' }],
  carries: ({ hosts }) => [databaseCarried('image', hosts, CONF), accountCarried('image', hosts, CONF)],

  steps: (context) => {
    const { hosts, takeovers, platform } = context;
    const site = siteOf(context);
    return [
      step('Install Glance', packages.installed(platform.packages.glance)),
      step('Configure Glance', (host) => [
        file.content(CONF, { content: glanceConf(site, host), group: 'glance', mode: 0o640 }),
        ...needsMounts(platform.units.glance, IMAGES, host, context),
      ]),
      step(
        'Create the image directory',
        file.directory(IMAGES, { owner: 'glance', group: 'glance', mode: 0o750 }),
      ),
      step(
        'Create its tables',
        tables(site, 'image', {
          database: 'glance',
          migrations: 'glance/db/sqlalchemy/alembic_migrations',
          upgrade: 'glance-manage db_sync',
        }),
      ),
      ...runUnits('Glance', {
        units: [platform.units.glance],
        files: [CONF],
        takeovers,
        hosts,
        untilHealthy: (host) => apiAnswers(context, 'image', host),
      }),
      verify('Glance answers', apiAnswers(context, 'image'), { within: minutes(2) }),
    ];
  },

  health: (context) => [serviceHealth(context, 'image')],

  frontends: (context) => apiFrontends('image', context),

  validate: (inventory) => {
    const [only] = hostsOfService(inventory, 'image');
    const control = hostsWith(inventory, 'control');
    if (!only || control.length === 1 || isShared(IMAGES, control, inventory)) return [];
    return [
      {
        severity: 'warning',
        path: ['openstack', 'services'],
        message: `images are stored on ${only.name} only: while it is down, no server can be created`,
        hint: `share ${IMAGES}: glusterfs: { volumes: { images: { path: /srv/gluster/images, mount: ${IMAGES}, on: [control] } } }`,
      },
    ];
  },
});
