import { describe, expect, it } from 'vitest';
import rabbitmq from '../../playbooks/rabbitmq.ts';
import { aHost, anInventory } from '../support/inventory.ts';
import { contextOf, placedFile, titlesOn } from './context.ts';

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

  const partitions: readonly (readonly [string, number, unknown, string])[] = [
    ['the smaller side of a partition pauses', 3, {}, 'pause_minority'],
    ['two nodes have no smaller side', 2, {}, 'autoheal'],
    ['what is asked for stands above that', 3, { partitions: 'ignore' }, 'ignore'],
  ];
  it.each(partitions)('%s', (_name, count, settings, expected) => {
    const hosts = Array.from({ length: count }, (_, index) => aHost(`controller${index + 1}`));
    const context = contextOf(rabbitmq, { inventory: anInventory({ hosts }), settings });
    expect(placedFile(rabbitmq, context, 'controller1', CONF)).toContain(
      `cluster_partition_handling = ${expected}\n`,
    );
  });

  it('has no management without its plugin', () => {
    const context = contextOf(rabbitmq, { settings: { management: false } });
    expect(placedFile(rabbitmq, context, 'controller1', '/etc/rabbitmq/enabled_plugins')).toBe('[].\n');
    expect(placedFile(rabbitmq, context, 'controller1', CONF)).not.toContain('management');
  });
});

describe('the queues', () => {
  it.each([
    ['mirrored', 'policy ha-all'],
    ['quorum', 'no policy ha-all'],
  ])('that are %s have %s', (queues, title) => {
    expect(titlesOn(rabbitmq, contextOf(rabbitmq, { settings: { queues } }), 'controller1')).toContain(title);
  });
});

describe('the frontend of the broker', () => {
  it('lets consumers wait for three hours', () => {
    const [frontend] = rabbitmq.frontends?.(contextOf(rabbitmq)) ?? [];
    expect(frontend).toMatchObject({ port: 5673, active: 'all', idleTimeoutMs: 3 * 60 * 60 * 1000 });
    expect(frontend?.servers.map(({ address, port }) => `${address}:${port}`)).toEqual([
      '192.0.2.11:5672',
      '192.0.2.12:5672',
      '192.0.2.13:5672',
    ]);
  });
});
