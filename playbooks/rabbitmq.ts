import { file, minutes, packages, playbook, rabbitmq, role, service, step, token, verify } from 'osha';
import { CLIENT_PORT, enabledPlugins, MANAGEMENT_PORT, rabbitmqConf, rabbitmqEnv } from './rabbitmq/conf.ts';
import { settings } from './rabbitmq/settings.ts';

/** The account of OpenStack's services. */
const SERVICE_USER = 'openstack';

/** Every queue but those that a client names itself for its own answers. */
const MIRRORED = 'ha-all';
const MIRRORED_PATTERN = '^(?!amq\\.).*';

/** One broker over all nodes: a client may use any of them, and queues outlive a node. */
export default playbook({
  name: 'rabbitmq',
  title: 'RabbitMQ',
  hosts: role('messaging'),
  needs: ['base'],
  settings,
  secrets: {
    erlangCookie: token('What RabbitMQ nodes and their tools know each other by'),
    rabbitmqOpenstack: token("Password of the services' user of RabbitMQ"),
  },
  ports: [
    { port: CLIENT_PORT, process: 'beam.smp' },
    { port: MANAGEMENT_PORT, process: 'beam.smp' },
    { port: 25672, process: 'beam.smp' },
  ],

  steps: ({ hosts, settings, secrets, platform }) => {
    const { paths, units } = platform;
    // The package's scripts give all of these to the broker's user again at each upgrade.
    const own = { owner: 'rabbitmq' };
    const mirrored = { platform, pattern: MIRRORED_PATTERN, definition: { 'ha-mode': 'all' } };
    return [
      step('Install RabbitMQ', packages.installed(platform.packages.rabbitmq)),
      step(
        'Share one Erlang cookie',
        file.content(paths.rabbitmqCookie, { content: secrets.erlangCookie, mode: 0o400, ...own }),
      ),
      step('Configure the broker', (host) => [
        file.content(paths.rabbitmqEnv, { content: rabbitmqEnv(rabbitmq.nodeOf(host)), ...own }),
        file.content(paths.rabbitmqConf, { content: rabbitmqConf(host, hosts.length, settings), ...own }),
        file.content(paths.rabbitmqPlugins, { content: enabledPlugins(settings), ...own }),
      ]),
      step('Start RabbitMQ at boot', service.enabled(units.rabbitmq)),
      step('Form the cluster', rabbitmq.members(hosts, { platform, ram: settings.nodes === 'ram' })),
      step('Remove the default user', (host) => rabbitmq.userAbsent(host, 'guest', { platform }), {
        once: true,
      }),
      step(
        'Create the user of the services',
        (host) =>
          rabbitmq.user(host, SERVICE_USER, {
            platform,
            password: secrets.rabbitmqOpenstack,
            tags: ['administrator'],
          }),
        { once: true },
      ),
      step(
        settings.queues === 'mirrored' ? 'Mirror every queue' : 'Leave queues to the services',
        (host) =>
          settings.queues === 'mirrored'
            ? rabbitmq.policy(host, MIRRORED, mirrored)
            : rabbitmq.policyAbsent(host, MIRRORED, { platform }),
        { once: true },
      ),
      verify('Every node runs, no partition', rabbitmq.healthy(hosts, { platform }), { within: minutes(2) }),
    ];
  },

  health: ({ hosts, platform }) => [rabbitmq.healthy(hosts, { platform })],

  frontends: ({ hosts }) => [
    {
      name: 'broker',
      vip: 'messaging',
      port: 5673,
      mode: 'tcp',
      balance: 'leastconn',
      active: 'all',
      servers: hosts.map(({ name, address }) => ({ host: name, address, port: CLIENT_PORT })),
      // Consumers wait for messages for hours.
      idleTimeoutMs: minutes(180),
    },
  ],
});
