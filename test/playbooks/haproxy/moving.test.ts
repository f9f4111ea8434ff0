import { describe, expect, it } from 'vitest';
import { serversUp, type ServerState } from '../../../playbooks/haproxy/health.ts';
import type { Takeover } from '../../../src/playbook/takeover.ts';
import { anInventory } from '../../support/inventory.ts';
import { database } from '../frontends.ts';

const { hosts, vips } = anInventory();
const frontend = { ...database, unit: 'keystone' };
const moving = { unit: 'keystone', by: 'pacemaker', runsOn: 'one' } as const;

function judged(statuses: readonly string[], takeovers: readonly Takeover[]): readonly [boolean, string] {
  const servers = statuses.map((status, index): ServerState => ({
    section: 'database',
    server: `controller${index + 1}`,
    status,
    check: '',
  }));
  const [finding] = serversUp({
    ...{ hosts, frontends: [frontend], vips, unit: 'haproxy', takeovers, taken: 'surely' },
  }).judge(new Map([['controller1', { reachable: true, observed: { servers, managed: false } }]]));
  return [finding?.healthy ?? false, finding?.evidence ?? ''];
}

describe('servers among which a cluster moves what answers', () => {
  const all: Takeover = { ...moving, hosts: ['controller1', 'controller2', 'controller3'] };
  const two: Takeover = { ...moving, hosts: ['controller1', 'controller2'] };
  const cases: readonly (readonly [string, readonly string[], readonly Takeover[], boolean, string])[] = [
    ['need one that is up', ['DOWN', 'UP', 'DOWN'], [all], true, '1 of 3 up, on controller2'],
    [
      'have one too many for a moment',
      ['UP', 'UP', 'DOWN'],
      [all],
      true,
      '2 of 3 up, on controller1 and controller2',
    ],
    [
      'are unwell where none is up',
      ['DOWN', 'DOWN', 'DOWN'],
      [all],
      false,
      '0 of 3 up: controller1 DOWN, controller2 DOWN, controller3 DOWN',
    ],
    [
      'do not stand in for those that do not move',
      ['UP', 'DOWN', 'DOWN'],
      [two],
      false,
      '1 of 3 up, on controller1: controller3 DOWN',
    ],
    [
      'all have to be up where a cluster runs it on all',
      ['UP', 'DOWN', 'UP'],
      [{ ...all, runsOn: 'all' }],
      false,
      '2 of 3 up: controller2 DOWN',
    ],
    [
      'all have to be up where a cluster moves another unit',
      ['UP', 'DOWN', 'UP'],
      [{ ...all, unit: 'glance-api' }],
      false,
      '2 of 3 up: controller2 DOWN',
    ],
  ];
  it.each(cases)('%s', (_name, statuses, takeovers, healthy, evidence) => {
    expect(judged(statuses, takeovers)).toEqual([healthy, evidence]);
  });
});
