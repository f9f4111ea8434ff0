import { describe, expect, it } from 'vitest';
import { decidePool } from '../../../../playbooks/glusterfs/cluster/decide-pool.ts';
import type { ClusterDecision } from '../../../../src/playbook/operation.ts';
import { inShort } from '../../../operations/clusters.ts';
import { fresh, images, ONLINE, peers, pooled, serversThat, unreachable, type Said } from './observations.ts';

function decide(...answers: readonly Said[]): ClusterDecision {
  return decidePool(serversThat(...answers), { unit: 'glusterd' });
}

describe('decidePool', () => {
  const cases: readonly (readonly [string, readonly Said[], readonly string[]])[] = [
    [
      'the first server adds all others, one at a time',
      [fresh, fresh, fresh],
      ['g1: add g2 to the pool', 'g1: add g3 to the pool'],
    ],
    ['a single server is a pool', [fresh], ['converged']],
    [
      'nothing changes when all servers are in one pool',
      [pooled('g2 g3'), pooled('g1 g3'), pooled('g1 g2')],
      ['converged'],
    ],
    [
      'a server of the pool adds a new one that comes first in the inventory',
      [fresh, pooled('g3'), pooled('g2')],
      ['g2: add g1 to the pool'],
    ],
    [
      'a rebuilt server gets its former UUID',
      [pooled('g2! g3', { volumes: [images('g1 g2 g3')] }), pooled(''), pooled('g1 g2!')],
      ['g2: restore its identity in the pool of g1'],
    ],
    [
      'a server that lost its peers but not its UUID is restored',
      [pooled('g2 g3'), pooled(''), pooled('g1 g2')],
      ['g2: restore its identity in the pool of g1'],
    ],
    [
      'an interrupted handshake is completed',
      [pooled('g2? g3'), pooled('g1?'), pooled('g1 g2?')],
      ['g2: restart glusterd'],
    ],
    ['an unreachable server is left out', [pooled('g2 g3-'), pooled('g1 g3-'), unreachable], ['converged']],
    [
      'a server with volumes adds the others, even if it is not the first',
      [fresh, pooled('', { volumes: [images('g2')] })],
      ['g2: add g1 to the pool'],
    ],
    ['a disconnected peer is left alone', [pooled('g2-'), pooled('g1-')], ['converged']],
    ['peers outside the inventory are left alone', [pooled('g2 old'), pooled('g1 old')], ['converged']],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(...answers))).toEqual(stages);
  });

  const refusals: readonly (readonly [string, readonly Said[], RegExp])[] = [
    [
      'two pools',
      [pooled('g2'), pooled('g1'), pooled('g4'), pooled('g3')],
      /g1 and g3 are in different pools/,
    ],
    [
      'two servers with one UUID',
      [pooled('', { uuid: 'same' }), pooled('', { uuid: 'same' })],
      /g1 and g2 have the same UUID same/,
    ],
    [
      'a server with volumes of its own',
      [pooled('g2'), pooled('g1'), pooled('', { volumes: [images('g3')] })],
      /g3 is not in the pool, but has volumes of its own: images/,
    ],
    [
      'to form a pool while an unreachable server may be in one',
      [fresh, unreachable],
      /no reachable server is in a pool, but g2 may be in one and cannot be reached/,
    ],
    [
      'to give a server the UUID of a connected one with the same name',
      [pooled('', { peers: [{ uuid: 'old-g2', host: 'g2', connected: true, joined: true }] }), pooled('')],
      /two hosts use the name g2: g1 is connected to one with the UUID old-g2, the one in the inventory has uuid-g2/,
    ],
    [
      'to restore a server that its pool lists with several UUIDs',
      [
        pooled('g2! g3'),
        pooled(''),
        pooled('g1', { peers: [...peers('g1'), { ...peers('g2!')[0]!, uuid: 'older' }] }),
      ],
      /lists g2 with several UUIDs: old-g2, older/,
    ],
    [
      'to restore a server while its bricks still run',
      [pooled('g2 g3'), pooled('', { bricks: new Map([['images', ONLINE]]) }), pooled('g1 g2')],
      /g2 has lost the configuration of its pool, but its bricks of images still run/,
    ],
    [
      'to form a new pool while bricks of a lost one run',
      [pooled('', { bricks: new Map([['images', ONLINE]]) }), fresh],
      /g1 has lost the configuration of its pool, but its bricks of images still run/,
    ],
    [
      'to add a server whose bricks run as a new one',
      [pooled('g3'), pooled('', { bricks: new Map([['images', ONLINE]]) }), pooled('g1')],
      /g2 has lost the configuration of its pool/,
    ],
    [
      'to add a server with peers of its own',
      [pooled('g2 g3'), pooled('g1 g3'), pooled('g2')],
      /g3 is not in the pool of g1, but has peers: g2/,
    ],
    [
      'to restart glusterd while another server is unreachable',
      [pooled('g2? g3'), pooled('g1? g3'), unreachable],
      /glusterd on g2 needs a restart, but g3 cannot be reached/,
    ],
    [
      'a server whose glusterd does not respond',
      [fresh, pooled('', { answers: false })],
      /does not respond on g2/,
    ],
  ];
  it.each(refusals)('refuses %s', (_name, answers, reason) => {
    const decision = decide(...answers);
    expect(decision).toMatchObject({ verdict: 'refuse', reason: expect.stringMatching(reason) as string });
    expect(decision.evidence?.rows.length).toBeGreaterThanOrEqual(answers.length);
  });

  it('lists peers outside the inventory in the evidence', () => {
    const { evidence } = decide(pooled('g2 old-'), pooled('g1 old-'));
    expect(evidence?.rows).toEqual([
      ['g1', 'running', 'uuid-g1', 'g2', 'old', ''],
      ['g2', 'running', 'uuid-g2', 'g1', 'old', ''],
      ['old', 'not in the inventory: left alone', 'uuid-old', '', '', ''],
    ]);
  });

  it('declares the effects of each change', () => {
    const effects = (...answers: readonly Said[]): readonly unknown[] => {
      const decision = decide(...answers);
      return decision.verdict === 'change'
        ? decision.stages.flat().map(({ host, change }) => `${host} ${change.effects?.join(' ') ?? '?'}`)
        : [];
    };
    expect(effects(fresh, fresh, fresh)).toEqual(['g1 forms', 'g1 ']);
    expect(effects(fresh, pooled('g3'), pooled('g2'))).toEqual(['g2 ']);
    expect(effects(pooled('g2! g3'), pooled(''), pooled('g1 g2!'))).toEqual(['g2 restarts joins']);
    expect(effects(pooled('g2? g3'), pooled('g1?'), pooled('g1 g2?'))).toEqual(['g2 restarts']);
  });
});
