import { describe, expect, it } from 'vitest';
import rabbitmq from '../../../playbooks/rabbitmq/playbook.ts';
import { checkInventory } from '../../../src/inventory/load.ts';
import { configFilesOf } from '../../../src/operations/rabbitmq/observe.ts';
import { platformIds, platformOf } from '../../../src/platform/index.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { contextOf, operationsOn, placedFile, titlesOn } from '../context.ts';
import { regexFault } from '../../../playbooks/rabbitmq/validate.ts';

const CONF = '/etc/rabbitmq/rabbitmq.conf';

describe('the configuration of a node', () => {
  it('listens on its own address, under a name that does not change', () => {
    const context = contextOf(rabbitmq);
    expect(placedFile(rabbitmq, context, 'controller2', CONF)).toContain(
      'listeners.tcp.default = 192.0.2.12:5672\n',
    );
    expect(placedFile(rabbitmq, context, 'controller2', '/etc/rabbitmq/rabbitmq-env.conf')).toContain(
      'NODENAME=rabbit@controller2\n',
    );
  });

  it('has the same cookie on every host', () => {
    const context = contextOf(rabbitmq);
    const cookies = context.hosts.map(({ name }) =>
      placedFile(rabbitmq, context, name, '/var/lib/rabbitmq/.erlang.cookie'),
    );
    expect(cookies).toEqual(['value-of-erlangCookie', 'value-of-erlangCookie', 'value-of-erlangCookie']);
  });

  it('switches running nodes to the cookie before it writes their files, without a restart', () => {
    const titles = rabbitmq.steps(contextOf(rabbitmq)).map(({ title }) => title);
    const taken = titles.indexOf('Give running nodes the Erlang cookie');
    expect(titles.indexOf('Write the Erlang cookie')).toBe(taken + 1);
    expect(titles.indexOf('Form the cluster')).toBeGreaterThan(taken);
    expect(configFilesOf(platformOf('debian-12'))).not.toContain('/var/lib/rabbitmq/.erlang.cookie');
  });

  const partitions: readonly (readonly [string, number, unknown, string])[] = [
    ['the minority side of a partition pauses', 3, {}, 'pause_minority'],
    ['two nodes have no minority side', 2, {}, 'autoheal'],
    ['an explicit setting wins', 3, { partitions: 'ignore' }, 'ignore'],
  ];
  it.each(partitions)('%s', (_name, count, settings, expected) => {
    const hosts = Array.from({ length: count }, (_, index) => aHost(`controller${index + 1}`));
    const context = contextOf(rabbitmq, { inventory: anInventory({ hosts }), settings });
    expect(placedFile(rabbitmq, context, 'controller1', CONF)).toContain(
      `cluster_partition_handling = ${expected}\n`,
    );
  });

  it.each([
    ['nodes detect a dead node before its host can be back', {}, 10],
    ['net_ticktime can be raised', { net_ticktime: 30 }, 30],
  ])('%s', (_name, settings, expected) => {
    const context = contextOf(rabbitmq, { settings });
    expect(placedFile(rabbitmq, context, 'controller1', CONF)).toContain(`\nnet_ticktime = ${expected}\n`);
  });

  it('has no management settings without the plugin', () => {
    const context = contextOf(rabbitmq, { settings: { management: false } });
    expect(placedFile(rabbitmq, context, 'controller1', '/etc/rabbitmq/enabled_plugins')).toBe('[].\n');
    expect(placedFile(rabbitmq, context, 'controller1', CONF)).not.toContain('management');
  });
});

describe('the queues', () => {
  it.each([
    ['have a policy if mirrored', { queues: 'mirrored' }, 'policy ha-all'],
    ['have no policy if they are quorum queues', { queues: 'quorum' }, 'no policy ha-all'],
    ["are mirrored on the platform's version", {}, 'policy ha-all'],
    ['are not mirrored on 4.0', { version: '4.0' }, 'no policy ha-all'],
  ])('%s', (_name, settings, title) => {
    expect(titlesOn(rabbitmq, contextOf(rabbitmq, { settings }), 'controller1')).toContain(title);
  });
});

describe('custom ports', () => {
  const context = contextOf(rabbitmq, { settings: { port: 15673, frontend_port: 5672 } });

  it('apply to the nodes, to HAProxy and to the port check', () => {
    expect(placedFile(rabbitmq, context, 'controller1', CONF)).toContain('default = 192.0.2.11:15673\n');
    const [frontend] = rabbitmq.frontends?.(context) ?? [];
    expect(frontend).toMatchObject({ port: 5672 });
    expect(frontend?.servers.map(({ port }) => port)).toEqual([15673, 15673, 15673]);
    expect(rabbitmq.morePorts?.(context)).toEqual([{ port: 15673, process: 'beam.smp' }]);
  });
});

describe('users of the inventory', () => {
  const settings = { users: { nova: { permissions: { '/': { read: '.*' } } } } };

  it('have a secret each', () => {
    const parsed = rabbitmq.settings.parse(settings);
    expect(Object.keys(rabbitmq.moreSecrets?.(parsed, { settings: {} }) ?? {})).toEqual([
      'rabbitmqUser-nova',
    ]);
  });

  it('are created with that secret', () => {
    const secrets = {
      ...contextOf(rabbitmq).secrets,
      'rabbitmqUser-nova': new Secret('rabbitmqUser-nova', 'pw-of-nova'),
    };
    const context = contextOf(rabbitmq, { settings, secrets });
    const operations = operationsOn(rabbitmq.steps(context), 'controller1', context);
    const nova = operations.find(({ title }) => title === 'broker user nova');
    expect(asSecretText(nova?.probe.input ?? '').reveal()).toBe(
      'openstack\tvalue-of-rabbitmqOpenstack\nnova\tpw-of-nova\n',
    );
    expect(operations.map(({ title }) => title)).toContain('nothing that the inventory no longer lists');
  });
});

describe('a mistake in the rabbitmq key', () => {
  /** Problems of `rabbitmq: { YAML }` in line 6. */
  function problemsOf(yaml: string, hosts = 3): readonly string[] {
    const lines = [1, 2, 3].map((n) =>
      n <= hosts ? `  c${n}: { address: 10.0.0.1${n}, roles: [messaging] }` : '  # none',
    );
    const text = ['name: a', 'hosts:', ...lines, `rabbitmq: { ${yaml} }`, ''].join('\n');
    return checkInventory('/site/a.yaml', text, { playbooks: [rabbitmq], platforms: platformIds })
      .problems.filter(({ line }) => line === 6)
      .map(({ column, severity, message }) => `${column}: ${severity}: ${message}`);
  }

  const cases: readonly (readonly [string, string, string])[] = [
    [
      'ram nodes on 4.0',
      'version: "4.0", nodes: ram',
      '36: error: RabbitMQ 4.0 has no ram nodes: 4.0 removed them',
    ],
    [
      'mirrored queues on 4.1',
      'version: "4.1", queues: mirrored',
      '37: error: RabbitMQ 4.1 has no mirrored queues: 4.0 removed them',
    ],
    [
      'quorum queues on 3.7',
      'version: "3.7", queues: quorum',
      '37: error: RabbitMQ 3.7 has no quorum queues: 3.8 introduced them',
    ],
    [
      'a version that YAML reads as a number',
      'version: 3.10',
      '22: error: version: expected a text, found 3.1',
    ],
    ['no node on disc', 'nodes: { c1: ram, c2: ram, c3: ram }', '20: error: no node keeps its data on disc'],
    ['a node on a host without one', 'nodes: { c9: ram }', '22: error: c9 has no RabbitMQ node'],
    [
      'mirroring by policy on 4.0',
      "version: '4.0', policies: { p: { pattern: x, definition: { ha-mode: all } } }",
      '72: error: ha-mode mirrors queues, which 4.0 removed',
    ],
    ['an unknown tag', 'users: { u: { tags: [admin] } }', '34: error: tags: unknown value "admin"'],
    [
      'a permission that is not a regular expression',
      "users: { u: { permissions: { /: { read: '*' } } } }",
      '53: error: "*" is not a regular expression: nothing to repeat',
    ],
    [
      'a pattern that is not a regular expression',
      "policies: { p: { pattern: 'a(', definition: { max-length: 1, ha-mode: all } } }",
      '39: error: "a(" is not a regular expression: unterminated group',
    ],
    [
      'permissions on an unknown virtual host',
      'users: { u: { permissions: { /x: {} } } }',
      '42: error: there is no virtual host /x',
    ],
    [
      "the services' own user",
      'users: { openstack: {} }',
      '22: error: openstack is the account of the services',
    ],
    ['the default user', 'users: { guest: {} }', '22: error: osha removes guest: its password is public'],
    [
      'a port that is taken',
      'port: 25672',
      '19: error: port 25672 is used by inter-node traffic on the same host',
    ],
    [
      'a policy that overrides the mirroring policy',
      'policies: { p: { pattern: ^x, definition: { max-length: 1 } } }',
      '55: warning: queues that match p are no longer mirrored: only one policy applies to a queue',
    ],
  ];
  it.each(cases)('is %s', (_name, yaml, expected) => {
    expect(problemsOf(yaml)).toEqual([expected]);
  });

  it('is pause_minority with two nodes, and not with three', () => {
    expect(problemsOf('partitions: pause_minority', 2)).toEqual([
      expect.stringMatching(/^25: warning: with two nodes, pause_minority pauses both/) as string,
    ]);
    expect(problemsOf('partitions: pause_minority', 3)).toEqual([]);
  });

  it('is not found in correct settings', () => {
    const right =
      'nodes: ram, vhosts: [/x], users: { u: { tags: [monitoring], permissions: { /x: { read: ".*" } } } }, policies: { p: { vhost: /x, pattern: ^a, definition: { max-length: 1 } } }';
    expect(problemsOf(right)).toEqual([]);
    expect(
      problemsOf('queues: quorum, policies: { p: { pattern: ^a, definition: { max-length: 1 } } }'),
    ).toEqual([]);
  });
});

describe('a regular expression of the broker', () => {
  it.each(['^(?!amq\\.).*', '(?i)abc', 'a++b', '(?>a|b)c', '(?P<x>a)', '[[:alpha:]]+', ''])(
    'may be "%s"',
    (pattern) => {
      expect(regexFault(pattern)).toBeUndefined();
    },
  );

  it.each(['*', '(', '[a', '(?<x'])('is not "%s"', (pattern) => {
    expect(regexFault(pattern)).toMatch(/./);
  });
});

describe('the frontend of the broker', () => {
  it('keeps idle connections for three hours', () => {
    const [frontend] = rabbitmq.frontends?.(contextOf(rabbitmq)) ?? [];
    expect(frontend).toMatchObject({ port: 5673, active: 'all', idleTimeoutMs: 3 * 60 * 60 * 1000 });
    expect(frontend?.servers.map(({ address, port }) => `${address}:${port}`)).toEqual([
      '192.0.2.11:5672',
      '192.0.2.12:5672',
      '192.0.2.13:5672',
    ]);
  });
});
