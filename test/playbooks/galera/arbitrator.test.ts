import { describe, expect, it } from 'vitest';
import { cluster } from '../../../playbooks/galera/cluster/cluster.ts';
import { judgeMembers } from '../../../playbooks/galera/health.ts';
import type { UnitState } from '../../../src/operations/unit-state.ts';
import { platformOf } from '../../../src/platform/index.ts';
import { aHost } from '../../support/inventory.ts';
import { inShort } from '../../operations/clusters.ts';
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
} from './cluster/observations.ts';
import { judgeArbitrator, type Arbitrator } from '../../../playbooks/galera/arbitrator.ts';

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
    ['is left alone while it runs', [live(two), live(two)], 'active', ['converged']],
    ['survives with one member, which the other joins', [live(two), stopped(1)], 'active', [JOIN2]],
    [
      'survives with one member even while the arbitrator is unreachable',
      [live({ size: 1 }), stopped(1)],
      undefined,
      [JOIN2],
    ],
    ['is formed for the first time without the arbitrator', [fresh, fresh], 'inactive', [BOOTSTRAP, JOIN2]],
    [
      'is bootstrapped again with the arbitrator stopped',
      [stopped(7), stopped(5)],
      'active',
      [STOP, BOOTSTRAP, JOIN2],
    ],
    [
      'regains quorum with the arbitrator stopped',
      [noQuorum(7), stopped(5)],
      'activating',
      [STOP, 'c1: promote to Primary', JOIN2],
    ],
    [
      'has its positions recovered first',
      [crashed(), stopped(5)],
      'active',
      [STOP, 'c1: recover its last transaction'],
    ],
    [
      'may reconnect on its own, which needs the arbitrator',
      [starting(), starting()],
      'active',
      [
        'c1: wait for mariadb to come up, and kill it if it waits for members in vain + c2: wait for mariadb to come up, and kill it if it waits for members in vain',
      ],
    ],
    [
      'is restarted one member at a time',
      [outdated(two), outdated(two)],
      'active',
      ['c1: restart mariadb', 'c2: restart mariadb'],
    ],
    [
      'is not bootstrapped while the arbitrator is unreachable',
      [stopped(7), stopped(5)],
      undefined,
      ['refuse'],
    ],
  ];
  it.each(cases)('%s', (_name, answers, active, stages) => {
    expect(inShort(decide(answers, { arbitrator: arbitrator(active) }))).toEqual(stages);
  });

  it('is bootstrapped despite an unreachable arbitrator when the operator chooses a member', () => {
    const decision = decide([stopped(7), stopped(5)], { arbitrator: arbitrator(), bootstrapFrom: 'c1' });
    expect(inShort(decision)).toEqual([BOOTSTRAP, JOIN2]);
  });

  it('counts members, not votes, before one is restarted', () => {
    const decision = decide([outdated(two), unreachable], { arbitrator: arbitrator('active') });
    expect(decision).toMatchObject({
      verdict: 'refuse',
      reason: expect.stringMatching(/cannot restart c1/) as string,
    });
    const restart = decide([outdated(two), live(two)], { arbitrator: arbitrator('active') });
    const script = restart.verdict === 'change' ? restart.stages[0]?.[0]?.change.script : '';
    expect(script).toContain('wsrep_incoming_addresses');
    expect(script).not.toContain('wsrep_cluster_size');
  });

  it('probes only the arbitrator on its host', () => {
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
      'is good with the vote of the arbitrator',
      [live(two), live(two)],
      'active',
      [
        ['cluster size', true, '3 of 3, including 1 without data'],
        ['arbitrator', true, 'running, its vote is counted'],
      ],
    ],
    [
      'is bad without the vote of the arbitrator',
      [live({ size: 2 }), live({ size: 2 })],
      'active',
      [
        ['cluster size', false, '2 of 3'],
        ['arbitrator', false, 'running, but no member counts its vote'],
      ],
    ],
    [
      'is bad when the arbitrator does not run',
      [live({ size: 2 }), live({ size: 2 })],
      'failed',
      [
        ['cluster size', false, '2 of 3'],
        ['arbitrator', false, 'the unit garb is failed'],
      ],
    ],
    [
      'is bad when the host of the arbitrator is unreachable',
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

  it('reports an arbitrator on an older configuration', () => {
    expect(judgeArbitrator(arbitrator('active', 15), true)).toMatchObject({
      healthy: false,
      evidence: 'running on an older configuration, its vote is counted',
    });
  });

  it('reports an arbitrator that the inventory does not list', () => {
    const [size] = judgeMembers(membersThat(live(two), live(two)));
    expect(size).toMatchObject({ healthy: false, hint: expect.stringMatching(/does not list/) as string });
  });
});
