import { describe, expect, it } from 'vitest';
import { judgeArbitrator, type Arbitrator } from '../../../../playbooks/galera/cluster/arbitrator.ts';
import { cluster } from '../../../../playbooks/galera/cluster/cluster.ts';
import { judgeMembers } from '../../../../playbooks/galera/health.ts';
import type { UnitState } from '../../../../src/operations/unit-state.ts';
import { platformOf } from '../../../../src/platform/index.ts';
import { aHost } from '../../../support/inventory.ts';
import { inShort } from '../../../operations/clusters.ts';
import {
  crashed,
  decide,
  fresh,
  live,
  membersThat,
  noQuorum,
  outdated,
  type Said,
  starting,
  stopped,
  unreachable,
} from './observations.ts';

function arbitrator(active?: string, configChangedAt = 5): Arbitrator {
  const state: UnitState = {
    active: active ?? '',
    sub: '',
    masked: false,
    isInstalled: true,
    boot: 'enabled',
    startedAt: 10,
    reloadFailed: false,
    managed: false,
    now: 20,
    changed: new Map([['/etc/default/garb', configChangedAt]]),
  };
  return { name: 'web', unit: 'garb', ...(active === undefined ? {} : { state }) };
}

const STOP = 'web: stop the arbitrator until the cluster is back';
const BOOTSTRAP = 'c1: bootstrap the cluster';
const JOIN2 = 'c2: join the cluster';
const two = { size: 3, arbitrators: 1 };

describe('a cluster with an arbitrator', () => {
  const cases: readonly (readonly [string, readonly Said[], string | undefined, readonly string[]])[] = [
    ['is left alone while it lives', [live(two), live(two)], 'active', ['converged']],
    ['lives on with one member, which others only join', [live(two), stopped(1)], 'active', [JOIN2]],
    ['lives on also while the arbitrator is away', [live({ size: 1 }), stopped(1)], undefined, [JOIN2]],
    ['is formed for the first time without it', [fresh, fresh], 'inactive', [BOOTSTRAP, JOIN2]],
    [
      'is formed anew with the arbitrator out of the way',
      [stopped(7), stopped(5)],
      'active',
      [STOP, BOOTSTRAP, JOIN2],
    ],
    [
      'gets its quorum back with it out of the way',
      [noQuorum(7), stopped(5)],
      'activating',
      [STOP, 'c1: give it the quorum', JOIN2],
    ],
    [
      'finds out first who has the newest data',
      [crashed(), stopped(5)],
      'active',
      [STOP, 'c1: find out its last transaction'],
    ],
    [
      'may find together by itself, for which the arbitrator is needed',
      [starting(), starting()],
      'active',
      [
        'c1: wait for mariadb to come up, and end it if it waits in vain + c2: wait for mariadb to come up, and end it if it waits in vain',
      ],
    ],
    [
      'is restarted one member after another',
      [outdated(two), outdated(two)],
      'active',
      ['c1: restart mariadb', 'c2: restart mariadb'],
    ],
    ['is not formed beside one that cannot be seen', [stopped(7), stopped(5)], undefined, ['refuse']],
  ];
  it.each(cases)('%s', (_name, answers, active, stages) => {
    expect(inShort(decide(answers, { arbitrator: arbitrator(active) }))).toEqual(stages);
  });

  it('is formed beside an unseen one at the word of the operator', () => {
    const decision = decide([stopped(7), stopped(5)], { arbitrator: arbitrator(), bootstrapFrom: 'c1' });
    expect(inShort(decision)).toEqual([BOOTSTRAP, JOIN2]);
  });

  it('counts members and no votes, before one is restarted', () => {
    const decision = decide([outdated(two), unreachable], { arbitrator: arbitrator('active') });
    expect(decision).toMatchObject({
      verdict: 'refuse',
      reason: expect.stringMatching(/cannot spare/) as string,
    });
    const restart = decide([outdated(two), live(two)], { arbitrator: arbitrator('active') });
    const script = restart.verdict === 'change' ? restart.stages[0]?.[0]?.change.script : '';
    expect(script).toContain('wsrep_incoming_addresses');
    expect(script).not.toContain('wsrep_cluster_size');
  });

  it('asks its host for the arbitrator only', () => {
    const hosts = [aHost('c1'), aHost('c2')];
    const web = aHost('web');
    const operation = cluster(hosts, { platform: platformOf('debian-12'), arbitrator: web });
    expect(operation.members.map(({ name }) => name)).toEqual(['c1', 'c2', 'web']);
    expect(operation.probe(web).script).not.toContain('mariadb');
    expect(operation.probe(web).script).toContain('garb');
  });
});

describe('the health of a cluster with an arbitrator', () => {
  const findings = (
    answers: readonly Said[],
    active: string | undefined,
  ): readonly (readonly [string, boolean, string])[] =>
    judgeMembers(membersThat(...answers), arbitrator(active))
      .filter(({ subject }) => subject === 'cluster size' || subject === 'arbitrator')
      .map(({ subject, healthy, evidence }) => [subject, healthy, evidence]);

  const cases: readonly (readonly [
    string,
    readonly Said[],
    string | undefined,
    ReturnType<typeof findings>,
  ])[] = [
    [
      'is good with its vote',
      [live(two), live(two)],
      'active',
      [
        ['cluster size', true, '3 of 3, 1 of them without data'],
        ['arbitrator', true, 'running, has its vote'],
      ],
    ],
    [
      'is bad without its vote',
      [live({ size: 2 }), live({ size: 2 })],
      'active',
      [
        ['cluster size', false, '2 of 3'],
        ['arbitrator', false, 'running, and no member counts its vote'],
      ],
    ],
    [
      'is bad when it does not run',
      [live({ size: 2 }), live({ size: 2 })],
      'failed',
      [
        ['cluster size', false, '2 of 3'],
        ['arbitrator', false, 'the unit garb is failed'],
      ],
    ],
    [
      'is bad when its host is away',
      [live({ size: 2 }), live({ size: 2 })],
      undefined,
      [
        ['cluster size', false, '2 of 3'],
        ['arbitrator', false, 'its host cannot be reached'],
      ],
    ],
  ];
  it.each(cases)('%s', (_name, answers, active, expected) => {
    expect(findings(answers, active)).toEqual(expected);
  });

  it('tells a configuration that it does not run on yet', () => {
    expect(judgeArbitrator(arbitrator('active', 15), true)).toMatchObject({
      healthy: false,
      evidence: 'running on an older configuration, has its vote',
    });
  });

  it('tells of one that the inventory does not name', () => {
    const [size] = judgeMembers(membersThat(live(two), live(two)));
    expect(size).toMatchObject({ healthy: false, hint: expect.stringMatching(/does not name/) as string });
  });
});
