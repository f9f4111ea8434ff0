import { describe, expect, it } from 'vitest';
import { adviseMembers } from '../../../playbooks/rabbitmq/health.ts';
import { madeOf, noteScript, type Made } from '../../../src/operations/rabbitmq/made.ts';
import { inVhost, type NodeStatus } from '../../../src/operations/rabbitmq/observe.ts';
import { unnamedAbsent, type Named } from '../../../src/operations/rabbitmq/unnamed.ts';
import { platformOf } from '../../../src/platform/index.ts';
import type { Change } from '../../../src/playbook/operation.ts';
import { aHost } from '../../support/inventory.ts';
import { membersThat, running, status } from './observations.ts';

const NOTHING = { configure: '^$', write: '^$', read: '^$' };
const POLICY = { pattern: '', applyTo: 'queues', priority: 0, definition: {} };

const user = (name: string): Made => ({ kind: 'user', name });
const vhost = (name: string): Made => ({ kind: 'vhost', name });
const permission = (at: string, name: string): Made => ({ kind: 'permission', vhost: at, name });
const policy = (at: string, name: string): Made => ({ kind: 'policy', vhost: at, name });

/** A broker in which these things are, all of them, or those of `made`, made by osha. */
function broker(things: readonly Made[], made = things): Partial<NodeStatus> {
  const names = (kind: Made['kind']): readonly string[] =>
    things
      .filter((one) => one.kind === kind)
      .map((one) => ('vhost' in one ? inVhost(one.vhost, one.name) : one.name));
  return {
    made,
    vhosts: ['/', ...names('vhost')],
    users: new Map(['openstack', ...names('user')].map((name) => [name, []])),
    permissions: new Map(names('permission').map((key) => [key, NOTHING])),
    policies: new Map(names('policy').map((key) => [key, POLICY])),
  };
}

function named(names: Partial<Named> = {}): Named {
  return { vhosts: ['/'], users: new Map([['openstack', ['/']]]), policies: [], ...names };
}

function pending(found: Partial<NodeStatus>, names: Named): readonly Change[] {
  const operation = unnamedAbsent(aHost('c1'), names, { platform: platformOf('debian-12') });
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
  return operation.decide({ installed: true, unit, alive: true, data: true, node: status('c1', found) });
}

describe('what osha created and the inventory no longer lists', () => {
  const all = [vhost('/demo'), user('nova'), permission('/demo', 'nova'), policy('/demo', 'ttl')];
  const everything = named({
    vhosts: ['/', '/demo'],
    users: new Map([['nova', ['/demo']]]),
    policies: [{ vhost: '/demo', name: 'ttl' }],
  });

  const cases: readonly (readonly [string, Partial<NodeStatus>, Named, readonly string[]])[] = [
    ['stays while it is named', broker(all), everything, []],
    ['is left alone where osha did not make it', broker(all, []), named(), []],
    ['is nothing where only the note is left', broker([], all), named(), []],
    [
      'goes by name, what goes along with it unsaid',
      broker(all),
      named(),
      ['delete user nova', 'delete virtual host /demo'],
    ],
    ['is a policy alone', broker(all), { ...everything, policies: [] }, ['delete policy ttl in /demo']],
    [
      'is a policy of the same name in another virtual host',
      broker([...all, policy('/', 'ttl')]),
      everything,
      ['delete policy ttl in /'],
    ],
    [
      'is what a user may do in one virtual host',
      broker([...all, permission('/', 'nova')]),
      everything,
      ['clear permissions of user nova in /'],
    ],
  ];
  it.each(cases)('%s', (_name, found, names, expected) => {
    const changes = pending(found, names);
    expect(changes.map(({ summary }) => summary)).toEqual(expected);
    expect(changes.every(({ prunes }) => prunes === true)).toBe(true);
  });

  it('is removed with its notes', () => {
    const [first, second] = pending(broker(all), named());
    expect(first?.script).toContain("'osha-made user nova'");
    expect(first?.script).toContain("'osha-made permission /demo nova'");
    expect(second?.script).toContain("'osha-made policy /demo ttl'");
  });

  it('includes a virtual host only while it has no messages', () => {
    const [change] = pending(broker([vhost('/demo')]), named());
    expect(change?.script.indexOf('exit 1')).toBeGreaterThan(0);
    expect(change?.script.indexOf('exit 1')).toBeLessThan(change?.script.indexOf('delete_vhost') ?? 0);
  });
});

describe('the note of an object', () => {
  it.each([vhost('/demo'), user('nova'), permission('/', 'nova'), policy('/', 'ttl')])(
    'is understood again: $kind',
    (made) => {
      const parameter = /set_global_parameter '?([^']*?)'? true$/.exec(noteScript(made))?.[1] ?? '';
      expect(madeOf(parameter)).toEqual(made);
    },
  );

  it.each(['cluster_name', 'osha-made', 'osha-made queue x', 'osha-made user a b', 'osha-made policy x'])(
    'is not "%s"',
    (parameter) => {
      expect(madeOf(parameter)).toBeUndefined();
    },
  );
});

describe('the health of a broker', () => {
  const evidence = (found: Partial<NodeStatus>, names: Named): string | undefined =>
    adviseMembers(membersThat(running('c1', found)), names).find(
      ({ subject }) => subject === 'users and policies',
    )?.evidence;

  it('advises about objects that the inventory does not list', () => {
    expect(evidence(broker([user('nova'), user('old')], [user('old')]), named())).toBe(
      'made by osha and no longer in the inventory (to remove: osha deploy INVENTORY --only rabbitmq --prune): user old; neither made by osha nor in the inventory, left alone: user nova',
    );
  });

  it('gives no advice about objects that the inventory lists', () => {
    expect(evidence(broker([]), named())).toBeUndefined();
  });
});
