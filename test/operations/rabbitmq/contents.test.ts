import { describe, expect, it } from 'vitest';
import {
  credentialsOf,
  policy,
  policyAbsent,
  user,
  userAbsent,
  vhost,
} from '../../../src/operations/rabbitmq.ts';
import { inVhost, type NodeObservation, type NodeStatus } from '../../../src/operations/rabbitmq/observe.ts';
import { platformOf } from '../../../src/platform/index.ts';
import type { Operation } from '../../../src/playbook/operation.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { bare } from '../../../src/yaml/bare.ts';
import { aHost } from '../../support/inventory.ts';
import { status } from './observations.ts';

const platform = platformOf('debian-12');
const host = aHost('c1');
const EVERYTHING = { configure: '.*', write: '.*', read: '.*' };

function observation(overrides?: Partial<NodeStatus>): NodeObservation {
  const unit = {
    active: 'active',
    sub: '',
    masked: false,
    isInstalled: true,
    boot: 'enabled' as const,
    reloadFailed: false,
    managed: false,
    now: 1,
    changed: new Map<string, number>(),
  };
  return {
    installed: true,
    unit,
    alive: true,
    data: true,
    ...(overrides ? { node: status('c1', overrides) } : {}),
  };
}

function pending(operation: Operation<NodeObservation>, overrides?: Partial<NodeStatus>): readonly string[] {
  return operation.decide(observation(overrides)).map(({ summary }) => summary);
}

describe('a user of the broker', () => {
  const operation = user(host, 'openstack', {
    platform,
    password: new Secret('broker', 's3cret-word'),
    tags: ['administrator', 'monitoring'],
  });
  const right: Partial<NodeStatus> = {
    users: new Map([['openstack', ['monitoring', 'administrator']]]),
    passwords: new Map([['openstack', true]]),
    permissions: new Map([[inVhost('/', 'openstack'), EVERYTHING]]),
  };
  const PERMIT = 'permit user openstack in /: configure .*, write .*, read .*';
  const TAG = 'tag user openstack: administrator, monitoring';

  const cases: readonly (readonly [string, Partial<NodeStatus> | undefined, readonly string[]])[] = [
    ['is left alone where it is right', right, []],
    ['is created where it is missing', {}, ['create user openstack', TAG, PERMIT]],
    [
      'is created where the broker does not answer; the change then fails',
      undefined,
      ['create user openstack', TAG, PERMIT],
    ],
    [
      'gets its password where it is another',
      { ...right, passwords: new Map([['openstack', false]]) },
      ['set the password of user openstack'],
    ],
    [
      'gets its tags where they differ',
      { ...right, users: new Map([['openstack', ['administrator']]]) },
      [TAG],
    ],
    [
      'gets its permissions where they differ',
      { ...right, permissions: new Map([[inVhost('/', 'openstack'), { ...EVERYTHING, read: '^$' }]]) },
      [PERMIT],
    ],
  ];
  it.each(cases)('%s', (_name, found, changes) => {
    expect(pending(operation, found)).toEqual(changes);
  });

  it('gets its password on stdin only', () => {
    const changes = operation.decide(observation({}));
    const scripts = [operation.probe.script, ...changes.map(({ script }) => script)].join('\n');
    expect(scripts).not.toContain('s3cret-word');
    expect(`${String(operation.probe.input)}${String(changes[0]?.input)}`).toBe(
      'openstack\t<secret broker>\n<secret broker>\n',
    );
  });

  it('is deleted where it must not exist', () => {
    const gone = userAbsent(host, 'guest', { platform });
    expect(pending(gone, { users: new Map([['guest', []]]) })).toEqual(['delete user guest']);
    expect(pending(gone, right)).toEqual([]);
  });
});

describe('an object that the inventory lists', () => {
  const noted = { platform, password: new Secret('broker', 's3cret-word'), noted: true };
  const scripts = (operation: Operation<NodeObservation>, found: Partial<NodeStatus>): readonly string[] =>
    operation.decide(observation(found)).map(({ script }) => script);

  it('is noted in the change that creates it, before it is created', () => {
    const [create, permit] = scripts(user(host, 'nova', noted), {});
    expect(create).toMatch(
      /^\(rabbitmqctl -q set_global_parameter 'osha-made user nova' true\) <\/dev\/null\n/,
    );
    expect(permit).toMatch(/'osha-made permission \/ nova' true\n.* set_permissions /);
    const set = policy(host, 'ttl', { platform, pattern: '^x', definition: {}, noted: true });
    expect(scripts(set, {})[0]).toMatch(/'osha-made policy \/ ttl' true\n.* set_policy /);
    expect(scripts(vhost(host, '/demo', { platform }), {})[0]).toMatch(
      /'osha-made vhost \/demo' true\n.* add_vhost /,
    );
  });

  it('is not noted where it existed before', () => {
    const found = {
      users: new Map([['nova', ['monitoring']]]),
      permissions: new Map([[inVhost('/', 'nova'), { ...EVERYTHING, read: '^$' }]]),
    };
    expect(scripts(user(host, 'nova', noted), found).join('\n')).not.toContain('osha-made');
    expect(scripts(vhost(host, '/', { platform }), {})).toEqual([]);
  });

  it('shares one probe for all users', () => {
    const credentials = credentialsOf({ nova: new Secret('a', 'one'), cinder: new Secret('b', 'two') });
    expect(credentials.reveal()).toBe('nova\tone\ncinder\ttwo\n');
    const probes = [
      user(host, 'nova', { ...noted, credentials }),
      policy(host, 'ttl', { platform, pattern: '', definition: {}, credentials }),
      vhost(host, '/demo', { platform, credentials }),
    ].map(({ probe }) => probe);
    expect(new Set(probes.map(({ script }) => script)).size).toBe(1);
    expect(probes.every(({ input }) => input === credentials)).toBe(true);
  });
});

describe('a policy', () => {
  const operation = policy(host, 'ha-all', { platform, pattern: '^x', definition: { 'ha-mode': 'all' } });
  const found = { pattern: '^x', applyTo: 'queues', priority: 0, definition: { 'ha-mode': 'all' } };
  const at = (entry: typeof found): Partial<NodeStatus> => ({
    policies: new Map([[inVhost('/', 'ha-all'), entry]]),
  });
  const SET = ['set policy ha-all on ^x'];

  const cases: readonly (readonly [string, Partial<NodeStatus>, readonly string[]])[] = [
    ['is left alone where it is right', at(found), []],
    ['is set where it is missing', {}, SET],
    ['is set where its pattern is another', at({ ...found, pattern: '^y' }), SET],
    ['is set where its definition is another', at({ ...found, definition: { 'ha-mode': 'exactly' } }), SET],
    ['is set where its priority is another', at({ ...found, priority: 1 }), SET],
  ];
  it.each(cases)('%s', (_name, status, changes) => {
    expect(pending(operation, status)).toEqual(changes);
  });

  it('is left alone where its definition comes from an inventory, whose maps have no prototype', () => {
    const definition = bare({ 'ha-mode': 'all' });
    expect(pending(policy(host, 'ha-all', { platform, pattern: '^x', definition }), at(found))).toEqual([]);
  });

  it('is cleared where it must not exist', () => {
    const gone = policyAbsent(host, 'ha-all', { platform });
    expect(pending(gone, at(found))).toEqual(['clear policy ha-all']);
    expect(pending(gone, {})).toEqual([]);
  });
});

describe('the probes of one host', () => {
  it('are identical, so that the broker is probed once for all of them', () => {
    const operations = [
      userAbsent(host, 'guest', { platform }),
      policy(host, 'ha-all', { platform, pattern: '', definition: {} }),
      policyAbsent(host, 'old', { platform }),
    ];
    expect(new Set(operations.map(({ probe }) => `${probe.script}\0${String(probe.input)}`)).size).toBe(1);
  });
});
