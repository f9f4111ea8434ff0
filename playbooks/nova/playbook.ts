import { z } from 'zod';
import { file, minutes, packages, playbook, step, verify } from 'osha';
import { CONF, CONSOLE_PORT, novaConf } from './files/conf.ts';
import { HOLDS_VIPS, metadataVip, publicVip, apiFrontends, httpFrontend } from '../openstack/endpoints.ts';
import { agentsReport, apiAnswers, serviceHealth } from '../openstack/health.ts';
import { hostsRunning } from '../openstack/hosts.ts';
import { METADATA_PORT, SERVICES } from '../openstack/services.ts';
import { siteOf } from '../openstack/site.ts';
import { runUnits, tables } from '../openstack/steps.ts';
import { uwsgiDefaults } from '../openstack/uwsgi.ts';
import { cells } from './cells.ts';
import {
  accessSecrets,
  ADMIN,
  BROKER,
  METADATA,
  metadataCarried,
  accountCarried,
  brokerCarried,
  databaseCarried,
} from '../openstack/secrets.ts';

const { port, name } = SERVICES.compute;
const API = '/etc/default/nova-api';
const METADATA_API = '/etc/default/nova-api-metadata';
const CONSOLE = '/etc/default/nova-consoleproxy';

/** Servers: the control plane. `nova-compute` deploys the hosts they run on. */
export default playbook({
  name: 'nova',
  title: 'Nova (servers)',
  hosts: hostsRunning('compute'),
  needs: ['keystone', ...HOLDS_VIPS],
  wave: 'openstack',
  settings: z.strictObject({}),
  secrets: { ...ADMIN, ...BROKER, ...METADATA },
  moreSecrets: (_settings, inventory) =>
    accessSecrets(inventory, { databases: ['compute'], accounts: ['compute', 'placement', 'network'] }),
  ports: [
    { port, process: 'uwsgi' },
    { port: METADATA_PORT, process: 'uwsgi' },
    { port: CONSOLE_PORT, process: 'nova-novncproxy' },
  ],
  carries: ({ hosts }) => [
    databaseCarried('compute', hosts, CONF),
    accountCarried('compute', hosts, CONF),
    brokerCarried(hosts, CONF),
    metadataCarried(hosts, CONF, 'neutron'),
  ],

  steps: (context) => {
    const { inventory, hosts, secrets, takeovers, platform } = context;
    const { nova } = platform.units;
    const site = siteOf(context);
    const processes = site.settings.workers;
    const versions = 'migrations/versions';
    return [
      step('Install Nova', packages.installed(platform.packages.nova)),
      step('Configure Nova', (host) => [
        file.content(CONF, {
          content: novaConf({ host, inventory, site, metadataSecret: secrets.metadataProxy }),
          group: name,
          mode: 0o640,
        }),
        file.content(API, {
          content: uwsgiDefaults({ host, port, ini: '/etc/nova/nova-api-uwsgi.ini', processes }),
        }),
        file.content(METADATA_API, {
          content: uwsgiDefaults({
            host,
            port: METADATA_PORT,
            ini: '/etc/nova/nova-api-metadata-uwsgi.ini',
            processes,
          }),
        }),
        // Without it the unit of the noVNC proxy exits silently.
        file.content(CONSOLE, { content: '# Placed by osha.\nNOVA_CONSOLE_PROXY_TYPE=novnc\n' }),
      ]),
      step('Create its tables and cells', [
        tables(site, 'compute', {
          database: 'nova_api',
          migrations: `nova/db/api/${versions}`,
          upgrade: 'nova-manage api_db sync',
        }),
        cells({
          server: site.databaseServer,
          user: name,
          password: site.databasePassword('compute'),
          brokers: site.brokers,
          runAs: name,
        }),
        // `db sync` migrates both: cell0 has the schema of cell1.
        ...['nova', 'nova_cell0'].map((database) =>
          tables(site, 'compute', {
            database,
            migrations: `nova/db/main/${versions}`,
            upgrade: 'nova-manage db sync',
          }),
        ),
      ]),
      ...runUnits('Nova', {
        units: [nova.conductor, nova.scheduler, nova.api, nova.metadata, nova.console],
        files: [CONF, API, METADATA_API, CONSOLE],
        takeovers,
        hosts,
        untilHealthy: (host) => apiAnswers(context, 'compute', host),
      }),
      verify('Nova answers', apiAnswers(context, 'compute'), { within: minutes(2) }),
      verify(
        'Conductors and schedulers report to Nova',
        agentsReport(context, 'compute', hosts, [nova.conductor, nova.scheduler]),
        { within: minutes(3) },
      ),
    ];
  },

  health: (context) => [serviceHealth(context, 'compute')],

  frontends: ({ inventory, hosts, platform }) => [
    ...apiFrontends('compute', { inventory, hosts, platform }),
    {
      ...httpFrontend('nova-metadata', METADATA_PORT, hosts, metadataVip(inventory)),
      internal: true,
      unit: platform.units.nova.metadata,
    },
    // A console may be idle for long; its websocket must not be cut.
    {
      ...httpFrontend('nova-console', CONSOLE_PORT, hosts, publicVip(inventory)),
      unit: platform.units.nova.console,
      idleTimeoutMs: minutes(60),
    },
  ],
});
