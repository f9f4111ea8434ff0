import { file, minutes, packages, playbook, step, verify } from 'osha';
import { CONF, ML2, ml2Conf, neutronConf } from './files/conf.ts';
import { settings } from './settings.ts';
import { neutronProblems } from './validate.ts';
import { HOLDS_VIPS, apiFrontends } from '../openstack/endpoints.ts';
import { apiAnswers, serviceHealth } from '../openstack/health.ts';
import { hostsRunning } from '../openstack/hosts.ts';
import { SERVICES } from '../openstack/services.ts';
import { siteOf } from '../openstack/site.ts';
import { runUnits, tables } from '../openstack/steps.ts';
import { uwsgiDefaults } from '../openstack/uwsgi.ts';
import { accessSecrets, accountCarried, ADMIN, BROKER, databaseCarried } from '../openstack/secrets.ts';

const { port, name } = SERVICES.network;
// Read by the init script of the unit neutron-api.
const DEFAULTS = '/etc/default/neutron-server';

/** Networks: the control plane. `neutron-agents` and `nova-compute` deploy the hosts that move packets. */
export default playbook({
  name: 'neutron',
  title: 'Neutron (networks)',
  hosts: hostsRunning('network'),
  needs: ['keystone', ...HOLDS_VIPS],
  wave: 'openstack',
  settings,
  secrets: { ...ADMIN, ...BROKER },
  moreSecrets: (_settings, inventory) =>
    accessSecrets(inventory, { databases: ['network'], accounts: ['network', 'compute', 'placement'] }),
  ports: [{ port, process: 'uwsgi' }],
  carries: ({ hosts }) => [databaseCarried('network', hosts, CONF), accountCarried('network', hosts, CONF)],

  steps: (context) => {
    const { inventory, hosts, takeovers, platform } = context;
    const { neutron } = platform.units;
    const site = siteOf(context);
    const own = { group: name, mode: 0o640 };
    return [
      step('Install Neutron', packages.installed(platform.packages.neutron)),
      step('Configure Neutron', (host) => [
        file.content(CONF, { content: neutronConf(site, inventory, host), ...own }),
        file.content(ML2, { content: ml2Conf(inventory), ...own }),
        file.content(DEFAULTS, {
          content: uwsgiDefaults({
            host,
            port,
            ini: '/etc/neutron/neutron-api-uwsgi.ini',
            processes: site.settings.workers,
          }),
        }),
      ]),
      step(
        'Create its tables',
        tables(site, 'network', {
          database: 'neutron',
          migrations: 'neutron/db/migration/alembic_migrations',
          upgrade: `neutron-db-manage --config-file ${CONF} --config-file ${ML2} upgrade heads`,
        }),
      ),
      ...runUnits('Neutron', {
        // The RPC server first: agents that do not find it retry only after a minute.
        units: [neutron.rpc, neutron.api],
        files: [CONF, ML2, DEFAULTS],
        takeovers,
        hosts,
        untilHealthy: (host) => apiAnswers(context, 'network', host),
      }),
      verify('Neutron answers', apiAnswers(context, 'network'), { within: minutes(2) }),
    ];
  },

  health: (context) => [serviceHealth(context, 'network')],

  frontends: (context) => apiFrontends('network', context),

  validate: neutronProblems,
});
