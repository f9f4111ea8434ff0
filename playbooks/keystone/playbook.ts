import { z } from 'zod';
import { carried, file, minutes, packages, playbook, step, verify } from 'osha';
import { keystoneConf } from './files/conf.ts';
import { HOLDS_VIPS, apiFrontends } from '../openstack/endpoints.ts';
import { apiAnswers, serviceHealth } from '../openstack/health.ts';
import { hostsRunning } from '../openstack/hosts.ts';
import { ADMIN, accessSecrets, databaseCarried } from '../openstack/secrets.ts';
import { SERVICES } from '../openstack/services.ts';
import { adminSession, siteOf } from '../openstack/site.ts';
import { runUnits, tables } from '../openstack/steps.ts';
import { uwsgiDefaults } from '../openstack/uwsgi.ts';
import { bootstrap } from './bootstrap.ts';
import { identity, identityOf, urlsOf } from './identity.ts';
import { keyRepository, keysOf, SEED, seedCarried } from './key-repository.ts';
import { eachHostReaches } from '../openstack/operations/http-health.ts';

const { port, name } = SERVICES.identity;
const CONF = '/etc/keystone/keystone.conf';
const DEFAULTS = '/etc/default/keystone';

/** Other services validate their callers' tokens at Keystone, so it has the most requests. */
const PROCESSES_PER_WORKER = 2;

/** Accounts, tokens and the catalogue of endpoints. */
export default playbook({
  name: 'keystone',
  title: 'Keystone (identity)',
  hosts: hostsRunning('identity'),
  needs: ['openstack', 'haproxy', ...HOLDS_VIPS],
  settings: z.strictObject({}),
  secrets: { ...ADMIN, ...SEED },
  moreSecrets: (_settings, inventory) =>
    accessSecrets(inventory, {
      databases: ['identity'],
      accounts: ['image', 'placement', 'compute', 'network', 'volume'],
    }),
  ports: [{ port, process: 'uwsgi' }],
  carries: ({ hosts }) => [databaseCarried('identity', hosts, CONF), ...seedCarried(hosts)],

  steps: (context) => {
    const { hosts, secrets, takeovers, platform } = context;
    const site = siteOf(context);
    const session = adminSession(site);
    return [
      step('Install Keystone', packages.installed(platform.packages.keystone)),
      step('Configure Keystone', (host) => [
        file.content(CONF, { content: keystoneConf(site), group: name, mode: 0o640 }),
        file.content(DEFAULTS, {
          content: uwsgiDefaults({
            host,
            port,
            ini: '/etc/keystone/keystone-uwsgi.ini',
            processes: PROCESSES_PER_WORKER * site.settings.workers,
          }),
        }),
      ]),
      step('Distribute the token keys', keyRepository(hosts, keysOf('token', secrets.keystoneKeys))),
      step(
        'Distribute the credential keys',
        keyRepository(hosts, keysOf('credential', secrets.keystoneKeys)),
      ),
      step('Record their seed for root', carried.record(secrets.keystoneKeys)),
      step(
        'Create its tables',
        tables(site, 'identity', {
          database: 'keystone',
          migrations: 'keystone/common/sql/migrations',
          upgrade: 'keystone-manage db_sync',
        }),
      ),
      ...runUnits('Keystone', {
        units: [platform.units.keystone],
        files: [CONF, DEFAULTS],
        takeovers,
        hosts,
        untilHealthy: (host) => apiAnswers(context, 'identity', host),
      }),
      verify('Keystone answers', apiAnswers(context, 'identity'), { within: minutes(2) }),
      verify(
        'Keystone answers at the virtual IP',
        eachHostReaches({
          title: 'Keystone',
          vip: site.internal.vip,
          url: `${site.internal.root('identity')}/`,
          unit: platform.units.keystone,
          from: hosts,
          ...(site.ca === undefined ? {} : { ca: site.ca }),
        }),
        { within: minutes(2) },
      ),
      step(
        'Create the administrator',
        bootstrap(session, {
          runAs: name,
          region: site.settings.region,
          urls: urlsOf(site, 'identity'),
        }),
      ),
      step('Create accounts, services and endpoints', identity(session, identityOf(site))),
    ];
  },

  health: (context) => [serviceHealth(context, 'identity')],

  frontends: (context) => apiFrontends('identity', context),
});
