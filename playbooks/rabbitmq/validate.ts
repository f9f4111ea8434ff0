import { hostsWith, type Inventory, type InventoryProblem } from 'osha';
import { MIRRORED, SERVICE_USER } from './accounts.ts';
import { MANAGEMENT_PORT } from './files/conf.ts';
import { type RabbitmqSettings, queuesOf, ramHosts, versionOf } from './settings.ts';

/** Settings that a broker of this version, or any broker, would reject or not survive. */
export function rabbitmqProblems(
  inventory: Inventory,
  settings: RabbitmqSettings,
): readonly InventoryProblem[] {
  return [
    ...versionProblems(inventory, settings),
    ...nodeProblems(inventory, settings),
    ...portProblems(settings),
    ...userProblems(settings),
    ...policyProblems(inventory, settings),
  ];
}

function versionProblems(inventory: Inventory, settings: RabbitmqSettings): readonly InventoryProblem[] {
  const [major, minor] = versionOf(inventory, settings);
  const called = `RabbitMQ ${major}.${minor}`;
  const problems: InventoryProblem[] = [];
  if (settings.queues === 'mirrored' && major >= 4) {
    problems.push(
      error(['queues'], `${called} has no mirrored queues: 4.0 removed them`, 'write queues: quorum'),
    );
  }
  if (settings.queues === 'quorum' && (major < 3 || (major === 3 && minor < 8))) {
    problems.push(
      error(['queues'], `${called} has no quorum queues: 3.8 introduced them`, 'write queues: mirrored'),
    );
  }
  if (major >= 4 && ramHosts(hostsWith(inventory, 'messaging'), settings).length > 0) {
    problems.push(error(['nodes'], `${called} has no ram nodes: 4.0 removed them`, 'write nodes: disc'));
  }
  return problems;
}

function nodeProblems(inventory: Inventory, settings: RabbitmqSettings): readonly InventoryProblem[] {
  const hosts = hostsWith(inventory, 'messaging');
  const names = hosts.map((host) => host.name);
  const problems: InventoryProblem[] = [];
  for (const name of typeof settings.nodes === 'string' ? [] : Object.keys(settings.nodes)) {
    if (!names.includes(name)) {
      problems.push(
        error(['nodes', name], `${name} has no RabbitMQ node`, `write one of ${names.join(', ')}`, {
          at: 'key',
        }),
      );
    }
  }
  if (ramHosts(hosts, settings).length === hosts.length) {
    const hint = `keep one of them on disc, such as ${names[0] ?? ''}: a cluster of ram nodes is lost in an outage`;
    problems.push(error(['nodes'], 'no node keeps its data on disc', hint));
  }
  if (settings.partitions === 'pause_minority' && hosts.length === 2) {
    problems.push({
      severity: 'warning',
      path: ['rabbitmq', 'partitions'],
      message: 'with two nodes, pause_minority pauses both in a partition, and the survivor when one dies',
      hint: 'remove it (the default for two nodes is autoheal), or give the role messaging to a third host',
    });
  }
  return problems;
}

function portProblems({ port }: RabbitmqSettings): readonly InventoryProblem[] {
  const by = TAKEN.get(port);
  return by === undefined
    ? []
    : [error(['port'], `port ${port} is used by ${by} on the same host`, 'choose another port')];
}

/** Ports in use on the broker's hosts: its port mapper, inter-node traffic, its management. */
const TAKEN: ReadonlyMap<number, string> = new Map([
  [4369, 'epmd'],
  [25672, 'inter-node traffic'],
  [MANAGEMENT_PORT, 'the management'],
]);

function userProblems({ users, vhosts }: RabbitmqSettings): readonly InventoryProblem[] {
  return Object.entries(users).flatMap(([name, { permissions }]): readonly InventoryProblem[] => [
    ...(name === SERVICE_USER
      ? [
          error(['users', name], `${name} is the account of the services`, 'choose another name', {
            at: 'key',
          }),
        ]
      : []),
    ...(name === 'guest'
      ? [
          error(['users', name], 'osha removes guest: its password is public', 'choose another name', {
            at: 'key',
          }),
        ]
      : []),
    ...Object.entries(permissions).flatMap(([vhost, patterns]) => [
      ...vhostProblems(['users', name, 'permissions', vhost], vhost, vhosts, { at: 'key' }),
      ...Object.entries(patterns).flatMap(([what, pattern]) =>
        regexProblems(['users', name, 'permissions', vhost, what], pattern),
      ),
    ]),
  ]);
}

function policyProblems(inventory: Inventory, settings: RabbitmqSettings): readonly InventoryProblem[] {
  const [major] = versionOf(inventory, settings);
  const mirrored = queuesOf(inventory, settings) === 'mirrored';
  return Object.entries(settings.policies).flatMap(([name, policy]): readonly InventoryProblem[] => {
    const path = ['policies', name];
    const mirroring = Object.keys(policy.definition).filter((key) => key.startsWith('ha-'));
    const hides =
      mirrored && policy.vhost === '/' && mirroring.length === 0 && policy.apply_to !== 'exchanges';
    return [
      ...(name === MIRRORED && policy.vhost === '/'
        ? [error(path, `${name} is the policy that mirrors queues`, 'choose another name', { at: 'key' })]
        : []),
      ...vhostProblems([...path, 'vhost'], policy.vhost, settings.vhosts),
      ...regexProblems([...path, 'pattern'], policy.pattern),
      ...(major >= 4
        ? mirroring.map((key) =>
            error(
              [...path, 'definition', key],
              `${key} mirrors queues, which 4.0 removed`,
              'use quorum queues',
              {
                at: 'key',
              },
            ),
          )
        : []),
      ...(hides
        ? [
            {
              severity: 'warning',
              path: ['rabbitmq', ...path, 'definition'],
              message: `queues that match ${name} are no longer mirrored: only one policy applies to a queue`,
              hint: 'add ha-mode: all to its definition',
            } as const,
          ]
        : []),
    ];
  });
}

function vhostProblems(
  path: Path,
  vhost: string,
  vhosts: readonly string[],
  more: Pick<InventoryProblem, 'at'> = {},
): readonly InventoryProblem[] {
  if (vhost === '/' || vhosts.includes(vhost)) return [];
  const hint = `add it to rabbitmq.vhosts, or use one of ${['/', ...vhosts].join(', ')}`;
  return [error(path, `there is no virtual host ${vhost}`, hint, more)];
}

function regexProblems(path: Path, pattern: string): readonly InventoryProblem[] {
  const fault = regexFault(pattern);
  return fault === undefined
    ? []
    : [
        error(
          path,
          `"${pattern}" is not a regular expression: ${fault}`,
          'write ".*" for everything, "^$" for nothing',
        ),
      ];
}

/**
 * Describes the mistake in a regular expression of the broker, or returns undefined. The broker uses Perl's syntax:
 * what JavaScript lacks is translated first, so that nothing valid is rejected.
 */
export function regexFault(pattern: string): string | undefined {
  const inJavaScript = pattern
    .replaceAll(/\(\?[imsxU-]+\)/g, '')
    .replaceAll(/\(\?[imsxU-]+:/g, '(?:')
    .replaceAll('(?>', '(?:')
    .replaceAll('(?|', '(?:')
    .replaceAll('(?P<', '(?<')
    .replaceAll(/\(\?#[^)]*\)/g, '')
    // Possessive quantifiers: a++, a*+, a?+, a{2}+.
    .replaceAll(/(?<!\\)([*+?}])\+/g, '$1');
  try {
    new RegExp(inJavaScript);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.slice(message.lastIndexOf(': ') + 2).toLowerCase();
  }
}

type Path = readonly (string | number)[];

function error(
  path: Path,
  message: string,
  hint: string,
  more: Pick<InventoryProblem, 'at'> = {},
): InventoryProblem {
  return { severity: 'error', path: ['rabbitmq', ...path], message, hint, ...more };
}
