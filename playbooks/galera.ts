import { file, galera, minutes, mysql, packages, playbook, role, service, step, verify } from 'osha';
import {
  HEALTH_PORT,
  HEALTH_SCRIPT,
  HEALTH_SOCKET,
  HEALTH_USER,
  healthScript,
  healthService,
  healthSocket,
} from './galera/endpoint.ts';
import { myCnf, REPLICATION_PORT } from './galera/my-cnf.ts';
import { settings } from './galera/settings.ts';

const SOCKET_FILE = `/etc/systemd/system/${HEALTH_SOCKET}`;
const SERVICE_FILE = `/etc/systemd/system/${HEALTH_SOCKET.replace('.socket', '@.service')}`;
const SCRIPT_DIRECTORY = HEALTH_SCRIPT.slice(0, HEALTH_SCRIPT.lastIndexOf('/'));

/** One database on every member, written to on any of them, behind one address. */
export default playbook({
  name: 'galera',
  title: 'MariaDB Galera',
  hosts: role('database'),
  needs: ['base'],
  settings,
  ports: [
    { port: 3306, process: 'mariadbd' },
    { port: REPLICATION_PORT, process: 'mariadbd' },
    { port: HEALTH_PORT, process: 'systemd' },
  ],

  steps: ({ inventory, hosts, settings, platform }) => {
    const { packages: names, paths, units } = platform;
    const healthy = galera.healthy(hosts, { platform });
    return [
      step(
        'Install MariaDB and Galera',
        packages.installed(
          settings.sst === 'mariabackup' ? [...names.galera, ...names.mariabackup] : names.galera,
        ),
      ),
      step('Name every member', (host) =>
        file.content(paths.mariadbConf, {
          content: myCnf({ host, members: hosts, clusterName: inventory.name, settings, platform }),
        }),
      ),
      step('Start MariaDB at boot', service.enabled(units.mariadb)),
      step('Form the cluster', galera.cluster(hosts, { platform })),
      step('Remove default accounts', mysql.secured(), { once: true }),
      step('Create the account of the health endpoint', galera.healthAccount(HEALTH_USER), { once: true }),
      step('Answer HAProxy on port 9200', (host) => [
        galera.healthSystemUser(HEALTH_USER),
        file.directory(SCRIPT_DIRECTORY),
        file.content(HEALTH_SCRIPT, { content: healthScript(settings), mode: 0o755, validate: 'sh -n {}' }),
        file.content(SERVICE_FILE, { content: healthService() }),
        file.content(SOCKET_FILE, { content: healthSocket(host) }),
        service.running(HEALTH_SOCKET, { newerThan: [SOCKET_FILE] }),
      ]),
      verify('Every member is Synced', healthy, { within: minutes(2) }),
    ];
  },

  health: ({ hosts, platform }) => [galera.healthy(hosts, { platform })],

  frontends: ({ hosts, settings }) => [
    {
      name: 'database',
      vip: 'database',
      port: 3306,
      mode: 'tcp',
      balance: 'leastconn',
      active: settings.writers,
      servers: hosts.map(({ name, address }) => ({ host: name, address, port: 3306 })),
      check: { port: HEALTH_PORT, httpPath: '/' },
      // Services keep connections in pools, and let them rest for up to an hour.
      idleTimeoutMs: minutes(90),
    },
  ],
});
