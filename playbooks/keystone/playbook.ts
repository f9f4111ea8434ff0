import { z } from 'zod';
import { carried, file, minutes, packages, playbook, step, verify } from 'osha';
import * as openstack from '../openstack/operations/index.ts';
import { keystoneConf } from './files/conf.ts';
import { keysOf, SEED, seedCarried } from './keys.ts';
import { adminSession, apiFrontends } from '../openstack/frontends.ts';
import { databaseCarried } from '../openstack/carried.ts';
import { identityOf, urlsOf } from './desired-identity.ts';
import { HOLDS_VIPS } from '../openstack/endpoints.ts';
import { serviceHealth } from '../openstack/health.ts';
import { runs } from '../openstack/hosts.ts';
import { ADMIN } from '../openstack/secrets.ts';
import { SERVICES } from '../openstack/services.ts';
import { siteOf } from '../openstack/site.ts';
import { apiAnswers, run, tables } from '../openstack/steps.ts';
import { uwsgiDefaults } from '../openstack/uwsgi.ts';
import { bootstrap } from './bootstrap.ts';
import { identity } from './identity/identity.ts';
import { keyRepository } from './key-repository.ts';

const { port, name } = SERVICES.identity;
const CONF = '/etc/keystone/keystone.conf';
const DEFAULTS = '/etc/default/keystone';

/** A request to any other service may ask Keystone whose token it carries, so it has more to do than each of them. */
const PROCESSES_PER_WORKER = 2;

/** Who may do what, and where every service answers. */
export default playbook({
  name: 'keystone',
  title: 'Keystone (identity)',
  hosts: runs('identity'),
  needs: ['openstack', 'haproxy', ...HOLDS_VIPS],
  settings: z.strictObject({}),
  secrets: { ...ADMIN, ...SEED },
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
      ...run('Keystone', {
        units: [platform.units.keystone],
        files: [CONF, DEFAULTS],
        takeovers,
        hosts,
        untilHealthy: (host) => apiAnswers(context, 'identity', host),
      }),
      verify('Keystone answers', apiAnswers(context, 'identity'), { within: minutes(2) }),
      verify(
        'Keystone answers at the virtual IP',
        openstack.reached({
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
