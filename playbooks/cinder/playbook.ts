import { z } from 'zod';
import {
  file,
  type Host,
  ini,
  type Inventory,
  minutes,
  packages,
  playbook,
  type SecretText,
  step,
  verify,
} from 'osha';
import { HOLDS_VIPS, apiFrontends } from '../openstack/endpoints.ts';
import { agentsReport, apiAnswers, serviceHealth } from '../openstack/health.ts';
import { hostsRunning } from '../openstack/hosts.ts';
import { SERVICES } from '../openstack/services.ts';
import {
  accountSection,
  callerSection,
  databaseSection,
  messagingSection,
  PROXY_HEADERS,
  siteOf,
  tokenSection,
  type Site,
} from '../openstack/site.ts';
import { runUnits, tables } from '../openstack/steps.ts';
import { uwsgiDefaults } from '../openstack/uwsgi.ts';
import { accessSecrets, accountCarried, ADMIN, BROKER, databaseCarried } from '../openstack/secrets.ts';

const { port, name } = SERVICES.volume;
const CONF = '/etc/cinder/cinder.conf';
const DEFAULTS = '/etc/default/cinder-api';

function cinderConf(site: Site, inventory: Inventory, host: Host): SecretText {
  return ini({
    DEFAULT: {
      log_dir: '/var/log/cinder',
      auth_strategy: 'keystone',
      my_ip: host.address,
      host: host.name,
      transport_url: site.transport,
      // A scheduler sends no heartbeat while it waits for a first volume host. With the default of 60 s it counts as dead
      // after each start: cinder/scheduler/manager.py, init_host_with_rpc.
      scheduler_driver_init_wait_time: 5,
      glance_api_servers: site.internal.root('image'),
      glance_ca_certificates_file: site.ca,
    },
    oslo_messaging_rabbit: messagingSection(inventory),
    oslo_concurrency: { lock_path: '/var/lock/cinder' },
    database: databaseSection(site.database('volume', 'cinder')),
    keystone_authtoken: tokenSection(site, 'volume'),
    service_user: { send_service_user_token: true, ...accountSection(site, 'volume') },
    nova: callerSection(site, 'compute', { interface: 'internal' }),
    oslo_middleware: PROXY_HEADERS,
  });
}

/** Volumes: the control plane only. osha does not deploy volume storage yet. */
export default playbook({
  name: 'cinder',
  title: 'Cinder (volumes)',
  hosts: hostsRunning('volume'),
  needs: ['keystone', ...HOLDS_VIPS],
  wave: 'openstack',
  settings: z.strictObject({}),
  secrets: { ...ADMIN, ...BROKER },
  moreSecrets: (_settings, inventory) =>
    accessSecrets(inventory, { databases: ['volume'], accounts: ['volume', 'compute'] }),
  ports: [{ port, process: 'uwsgi' }],
  carries: ({ hosts }) => [databaseCarried('volume', hosts, CONF), accountCarried('volume', hosts, CONF)],

  steps: (context) => {
    const { inventory, hosts, takeovers, platform } = context;
    const { cinder } = platform.units;
    const site = siteOf(context);
    return [
      step('Install Cinder', packages.installed(platform.packages.cinder)),
      step('Configure Cinder', (host) => [
        file.content(CONF, { content: cinderConf(site, inventory, host), group: name, mode: 0o640 }),
        file.content(DEFAULTS, {
          content: uwsgiDefaults({
            host,
            port,
            ini: '/etc/cinder/cinder-api-uwsgi.ini',
            processes: site.settings.workers,
          }),
        }),
      ]),
      step(
        'Create its tables',
        tables(site, 'volume', {
          database: 'cinder',
          migrations: 'cinder/db/migrations',
          upgrade: 'cinder-manage db sync',
        }),
      ),
      ...runUnits('Cinder', {
        units: [cinder.scheduler, cinder.api],
        files: [CONF, DEFAULTS],
        takeovers,
        hosts,
        untilHealthy: (host) => apiAnswers(context, 'volume', host),
      }),
      verify('Cinder answers', apiAnswers(context, 'volume'), { within: minutes(2) }),
      verify('Schedulers report to Cinder', agentsReport(context, 'volume', hosts), {
        within: minutes(3),
      }),
    ];
  },

  health: (context) => [serviceHealth(context, 'volume')],

  frontends: (context) => apiFrontends('volume', context),
});
