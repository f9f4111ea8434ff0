import { z } from 'zod';
import {
  file,
  minutes,
  openstack,
  packages,
  playbook,
  role,
  service,
  step,
  takeoverOf,
  token,
  verify,
} from 'osha';
import type { HealthCheck, Host, Platform } from 'osha';
import { CREDENTIAL_KEYS, keystoneConf, MOST_KEYS, TOKEN_KEYS } from './keystone/conf.ts';
import { adminSession, apiFrontend } from './openstack/api.ts';
import { identityOf } from './keystone/identity.ts';
import { ADMIN } from './openstack/secrets.ts';
import { SERVICES } from './openstack/services.ts';
import { servicesOf } from './openstack/settings.ts';
import { siteOf } from './openstack/site.ts';
import { uwsgiDefaults } from './openstack/uwsgi.ts';

const { port, path, name } = SERVICES.identity;
const CONF = '/etc/keystone/keystone.conf';
const DEFAULTS = '/etc/default/keystone';

function keystoneAnswers(hosts: readonly Host[], platform: Platform): HealthCheck<openstack.HttpAnswer> {
  return openstack.answers({
    title: 'Keystone',
    hosts,
    port,
    path,
    package: 'keystone',
    unit: platform.units.keystone,
  });
}

/** Who may do what, and where every service answers. */
export default playbook({
  name: 'keystone',
  title: 'Keystone (identity)',
  hosts: (inventory) => (servicesOf(inventory).includes('identity') ? role('control')(inventory) : []),
  needs: ['openstack', 'haproxy'],
  settings: z.strictObject({}),
  secrets: {
    ...ADMIN,
    keystoneKeys: token('What the keys of tokens and of stored credentials are derived from', 64),
  },
  ports: [{ port, process: 'uwsgi' }],

  steps: (context) => {
    const { hosts, secrets, takeovers, platform } = context;
    const site = siteOf(context);
    const unit = platform.units.keystone;
    const session = adminSession(site, secrets.openstackAdmin);
    const repository = { seed: secrets.keystoneKeys, owner: name, keep: MOST_KEYS };
    return [
      step('Install Keystone', packages.installed(platform.packages.keystone)),
      step('Configure Keystone', (host) => [
        file.content(CONF, { content: keystoneConf(site), group: name, mode: 0o640 }),
        file.content(DEFAULTS, {
          content: uwsgiDefaults({
            host,
            port,
            ini: '/etc/keystone/keystone-uwsgi.ini',
            processes: site.settings.workers,
            threads: 4,
          }),
        }),
      ]),
      step(
        'Share the keys of tokens',
        openstack.keys(hosts, { ...repository, directory: TOKEN_KEYS, purpose: 'token' }),
      ),
      step(
        'Share the keys of stored credentials',
        openstack.keys(hosts, { ...repository, directory: CREDENTIAL_KEYS, purpose: 'credential' }),
      ),
      step(
        'Create its tables',
        openstack.schema({
          database: 'keystone',
          server: site.databaseServer,
          user: name,
          password: site.databasePassword('identity'),
          migrations: '/usr/lib/python3/dist-packages/keystone/common/sql/migrations',
          upgrade: 'keystone-manage db_sync',
          runAs: name,
        }),
        { once: true },
      ),
      step('Run Keystone', (host) =>
        service.running(unit, {
          newerThan: [CONF, DEFAULTS],
          ...service.startup(takeoverOf(takeovers, unit, host.name)),
        }),
      ),
      verify('Keystone answers on every host', keystoneAnswers(hosts, platform), { within: minutes(2) }),
      step(
        'Make the administrator',
        openstack.bootstrap(session, {
          runAs: name,
          region: site.settings.region,
          url: site.url('identity'),
        }),
        { once: true },
      ),
      step('Know every account and every service', openstack.identity(session, identityOf(site)), {
        once: true,
      }),
    ];
  },

  health: ({ hosts, platform }) => [keystoneAnswers(hosts, platform)],

  frontends: ({ hosts }) => [apiFrontend('identity', hosts)],
});
