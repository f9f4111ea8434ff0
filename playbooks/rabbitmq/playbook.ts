import {
  carried,
  file,
  minutes,
  packages,
  playbook,
  rabbitmq,
  role,
  service,
  step,
  token,
  verify,
} from 'osha';
import {
  MIRRORED,
  MIRRORED_PATTERN,
  namedBy,
  passwordName,
  SERVICE_USER,
  userSecrets,
  carriedByBroker,
} from './accounts.ts';
import { enabledPlugins, MANAGEMENT_PORT, rabbitmqConf, rabbitmqEnv } from './files/conf.ts';
import { settings, queuesOf, ramHosts } from './settings.ts';
import { rabbitmqProblems } from './validate.ts';
import { members } from './cluster/cluster.ts';
import { cookieFile, cookieTaken } from './cluster/cookie.ts';
import { healthy } from './health.ts';
import { life } from './life.ts';

/** One broker across all nodes: clients may use any of them, and queues survive the loss of a node. */
export default playbook({
  name: 'rabbitmq',
  title: 'RabbitMQ',
  hosts: role('messaging'),
  needs: ['base'],
  settings,
  secrets: {
    erlangCookie: token('Shared secret of RabbitMQ nodes and their tools'),
    rabbitmqOpenstack: token("Password of the services' user of RabbitMQ"),
  },
  moreSecrets: userSecrets,
  carries: (context) => carriedByBroker(context),
  ports: [
    { port: MANAGEMENT_PORT, process: 'beam.smp' },
    { port: 25672, process: 'beam.smp' },
  ],
  morePorts: ({ settings }) => [{ port: settings.port, process: 'beam.smp' }],

  steps: ({ inventory, hosts, settings, secrets, platform }) => {
    const { paths, units } = platform;
    // Each upgrade of the package gives these files to the broker's user again.
    const own = { owner: 'rabbitmq' };
    const mirrored = queuesOf(inventory, settings) === 'mirrored';
    const mirror = { platform, pattern: MIRRORED_PATTERN, definition: { 'ha-mode': 'all' } };
    const cookie = { platform, cookie: secrets.erlangCookie };
    const named = namedBy(settings);
    const users = Object.entries(settings.users).flatMap(([name, user]) => {
      const password = secrets[passwordName(name)];
      return password ? [{ name, ...user, password }] : [];
    });
    // The same for every operation on users, so that one probe serves all of them.
    const credentials = rabbitmq.credentialsOf({
      [SERVICE_USER]: secrets.rabbitmqOpenstack,
      ...Object.fromEntries(users.map(({ name, password }) => [name, password])),
    });
    const asked = { platform, credentials };
    const noted = { ...asked, noted: true };
    const names = [...settings.vhosts, ...users, ...Object.keys(settings.policies)];
    return [
      step('Install RabbitMQ', packages.installed(platform.packages.rabbitmq)),
      step('Give running nodes the Erlang cookie', cookieTaken(hosts, cookie)),
      step('Write the Erlang cookie', (host) => cookieFile(host, hosts, cookie)),
      step('Configure the broker', (host) => [
        file.content(paths.rabbitmqEnv, { content: rabbitmqEnv(rabbitmq.nodeOf(host)), ...own }),
        file.content(paths.rabbitmqConf, { content: rabbitmqConf(host, hosts.length, settings), ...own }),
        file.content(paths.rabbitmqPlugins, { content: enabledPlugins(settings), ...own }),
      ]),
      step('Start RabbitMQ at boot', service.enabled(units.rabbitmq)),
      step('Form the cluster', members(hosts, { platform, ram: ramHosts(hosts, settings) }), {
        recovers: true,
      }),
      step('Remove the default user', (host) => rabbitmq.userAbsent(host, 'guest', { platform })),
      step('Create the user of the services', (host) =>
        rabbitmq.user(host, SERVICE_USER, {
          ...asked,
          password: secrets.rabbitmqOpenstack,
          tags: ['administrator'],
        }),
      ),
      step(mirrored ? 'Mirror every queue' : 'Leave queues to the services', (host) =>
        mirrored
          ? rabbitmq.policy(host, MIRRORED, mirror)
          : rabbitmq.policyAbsent(host, MIRRORED, { platform }),
      ),
      ...(names.length === 0
        ? []
        : [
            step('Create virtual hosts, users and policies of the inventory', (host) => [
              ...settings.vhosts.map((name) => rabbitmq.vhost(host, name, asked)),
              ...users.map(({ name, ...user }) => rabbitmq.user(host, name, { ...noted, ...user })),
              ...Object.entries(settings.policies).map(([name, { apply_to: applyTo, ...policy }]) =>
                rabbitmq.policy(host, name, { ...noted, ...policy, applyTo }),
              ),
            ]),
          ]),
      step('Record the passwords for root', [
        ...carried.record(secrets.rabbitmqOpenstack),
        ...users.flatMap(({ password }) => carried.record(password)),
      ]),
      step('Remove what the inventory no longer lists', (host) => rabbitmq.unnamedAbsent(host, named, asked)),
      verify('Every node runs, without partitions', healthy(hosts, { platform, named }), {
        within: minutes(2),
      }),
    ];
  },

  health: ({ hosts, settings, platform }) => [healthy(hosts, { platform, named: namedBy(settings) })],

  life: ({ hosts, settings, platform }) => life(hosts, { platform, settings }),

  frontends: ({ hosts, settings }) => [
    {
      name: 'broker',
      vip: 'messaging',
      internal: true,
      port: settings.frontend_port,
      mode: 'tcp',
      balance: 'leastconn',
      active: 'all',
      servers: hosts.map(({ name, address }) => ({ host: name, address, port: settings.port })),
      // The header of AMQP 0-9-1; the server answers it before a login.
      greeting: { send: 'AMQP\0\0\t\x01' },
      // Consumers wait for messages for hours.
      idleTimeoutMs: minutes(180),
    },
  ],

  validate: rabbitmqProblems,
});
