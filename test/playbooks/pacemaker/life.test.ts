import { describe, expect, it } from 'vitest';
import type { MemberView } from '../../../playbooks/pacemaker/cluster/health-cluster.ts';
import type { CibConstraint, Monitor } from '../../../playbooks/pacemaker/cluster/resource-state.ts';
import { judgeSpare, life } from '../../../playbooks/pacemaker/life.ts';
import type { Host } from '../../../src/inventory/types.ts';
import type { Spare } from '../../../src/playbook/life.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import { aHost } from '../../support/inventory.ts';

const NAMES = ['c1', 'c2', 'c3'];
const away: Answer<MemberView> = { reachable: false, reason: 'timed out' };

/** The cluster as its members see it: c1 holds the virtual IP, HAProxy runs everywhere. */
function seen(
  monitor: Partial<Monitor> = {},
  constraints: readonly CibConstraint[] = [],
): Answer<MemberView> {
  return {
    reachable: true,
    observed: {
      addresses: new Set(),
      made: new Set(),
      constraints,
      monitor: {
        members: new Map(NAMES.map((name) => [name, 'online'])),
        online: new Set(NAMES),
        standby: new Set(),
        hasCoordinator: true,
        quorate: true,
        fencing: false,
        maintenance: false,
        stopsAll: false,
        runsOn: new Map([
          ['vip-api', new Set(['c1'])],
          ['haproxy', new Set(NAMES)],
        ]),
        groups: new Map(),
        agents: new Map(),
        failed: new Map(),
        unmanaged: new Set(),
        ...monitor,
      },
    },
  };
}

const stopped: Answer<MemberView> = {
  reachable: true,
  observed: { addresses: new Set(), made: new Set(), constraints: [] },
};
const withHaproxy: CibConstraint = {
  id: 'colocation',
  kind: 'colocation',
  resource: 'vip-api',
  other: 'haproxy-clone',
  strength: 'INFINITY',
};
const never = (other: string, resource = 'vip-api'): CibConstraint => ({
  id: `never-${other}`,
  kind: 'location',
  resource,
  other,
  strength: '-INFINITY',
});
const haproxyOn = (...hosts: readonly string[]): Partial<Monitor> => ({
  runsOn: new Map([
    ['vip-api', new Set(['c1'])],
    ['haproxy', new Set(hosts)],
  ]),
});
const grouped: Partial<Monitor> = {
  runsOn: new Map([
    ['vip-api', new Set(['c1'])],
    ['keystone', new Set(['c1'])],
  ]),
  groups: new Map([['web', ['vip-api', 'keystone']]]),
};

type Case = readonly [
  name: string,
  answers: readonly Answer<MemberView>[],
  verdict: Spare['verdict'],
  evidence: string,
];
const all = (answer: Answer<MemberView>): readonly Answer<MemberView>[] => [answer, answer, answer];

/** Whether c1 can be stopped. */
const cases: readonly Case[] = [
  ['all are online', all(seen()), 'spared', '2 of 3 members remain: c2, c3; vip-api will move'],
  [
    'it is down already',
    [stopped, seen({ online: new Set(['c2', 'c3']) }), away],
    'spared',
    '2 of 3 members remain',
  ],
  [
    'another one is offline',
    all(seen({ online: new Set(['c1', 'c2']) })),
    'needed',
    '1 of 3 members remain: c2, which is no quorum',
  ],
  [
    'another one is in standby',
    all(seen({ online: new Set(['c1', 'c3']) })),
    'needed',
    '1 of 3 members remain: c3',
  ],
  ['the cluster has no quorum', all(seen({ quorate: false })), 'needed', 'the cluster has no quorum'],
  ['it runs nowhere', all(stopped), 'needed', 'the cluster has no quorum'],
  ['none that answers has a quorum', [stopped, away, away], 'unknown', 'no quorum, of those that answered'],
  ['the cluster is in maintenance', all(seen({ maintenance: true })), 'needed', 'it moves nothing'],
  [
    'its virtual IP is unmanaged',
    all(seen({ unmanaged: new Set(['vip-api']) })),
    'needed',
    'none of which can run vip-api',
  ],
  [
    'its virtual IP may run nowhere else',
    all(seen({}, [never('c2'), never('c3')])),
    'needed',
    'none of which can run vip-api',
  ],
  ['its virtual IP may run on one other', all(seen({}, [never('c2')])), 'spared', 'vip-api will move'],
  [
    'HAProxy runs on another member',
    all(seen(haproxyOn('c1', 'c3'), [withHaproxy])),
    'spared',
    'vip-api will move',
  ],
  [
    'HAProxy runs on no other member',
    all(seen(haproxyOn('c1'), [withHaproxy])),
    'needed',
    'none of which can run vip-api',
  ],
  [
    'its group may run nowhere else',
    all(seen(grouped, [never('c2', 'web'), never('c3', 'web')])),
    'needed',
    'none of which can run vip-api, keystone',
  ],
  ['its group may move', all(seen(grouped, [never('c3', 'web')])), 'spared', 'vip-api, keystone will move'],
];

describe('whether a member of Pacemaker can be stopped', () => {
  it.each(cases)('%s', (_, answers, verdict, evidence) => {
    const views = new Map(NAMES.map((name, index) => [name, answers[index] ?? away]));
    expect(judgeSpare('c1', views, { runsWithoutQuorum: false })).toMatchObject({
      verdict,
      evidence: expect.stringContaining(evidence) as string,
    });
  });

  it('asks for no quorum of two members that run without one', () => {
    const two = seen({
      members: new Map([
        ['c1', 'online'],
        ['c2', 'online'],
      ]),
      online: new Set(['c1', 'c2']),
    });
    const views = new Map([
      ['c1', two],
      ['c2', two],
    ]);
    expect(judgeSpare('c1', views, { runsWithoutQuorum: true }).verdict).toBe('spared');
    expect(judgeSpare('c1', views, { runsWithoutQuorum: false }).verdict).toBe('needed');
  });
});

describe('the drain of a member', () => {
  const [c1, c2, c3] = ['c1', 'c2', 'c3'].map((name) => aHost(name)) as [Host, Host, Host];
  const clusters = [[c1, c2], [c3]].map((hosts) => ({ hosts, runsWithoutQuorum: true }));
  const declared = life(clusters, ['corosync', 'pacemaker']);

  it('concerns its own cluster alone', () => {
    const planned = [declared.drain?.(c1), declared.undrain?.(c1)].flat();
    expect(planned.map((one) => one?.title)).toEqual([
      'Move resources away from c1',
      'Let c1 run resources again',
    ]);
    for (const one of planned) {
      if (one?.kind !== 'cluster') throw new Error('it is no step of a cluster');
      expect(one.operation.members).toEqual([c1, c2]);
    }
  });

  it('is nothing on a host outside of all clusters', () => {
    const outside = aHost('k1');
    expect([declared.drain?.(outside), declared.undrain?.(outside)]).toEqual([[], []]);
    expect(declared.units?.(c1)).toEqual(['corosync', 'pacemaker']);
  });
});
