import { describe, expect, it } from 'vitest';
import { decidePool } from '../../../../playbooks/glusterfs/cluster/decide-pool.ts';
import type { ClusterDecision } from '../../../../src/playbook/operation.ts';
import { inShort } from '../../../operations/clusters.ts';
import { fresh, images, ONLINE, peers, pooled, serversThat, unreachable, type Said } from './observations.ts';

function decide(...answers: readonly Said[]): ClusterDecision {
  return decidePool(serversThat(...answers), { unit: 'glusterd' });
}

describe('bringing servers together', () => {
  const cases: readonly (readonly [string, readonly Said[], readonly string[]])[] = [
    [
      'the first takes in all others, one after another',
      [fresh, fresh, fresh],
      ['g1: take g2 into the pool', 'g1: take g3 into the pool'],
    ],
    ['one server is a pool too', [fresh], ['converged']],
    [
      'nothing is done when all are together',
      [pooled('g2 g3'), pooled('g1 g3'), pooled('g1 g2')],
      ['converged'],
    ],
    [
      'one that is in the pool takes in the new one, also where that is the first of the inventory',
      [fresh, pooled('g3'), pooled('g2')],
      ['g2: take g1 into the pool'],
    ],
    [
      'a server that was rebuilt takes its old place',
      [pooled('g2! g3', { volumes: [images('g1 g2 g3')] }), pooled(''), pooled('g1 g2!')],
      ['g2: take its old place in the pool of g1'],
    ],
    [
      'a server that forgot its pool and not who it is takes its old place',
      [pooled('g2 g3'), pooled(''), pooled('g1 g2')],
      ['g2: take its old place in the pool of g1'],
    ],
    [
      'an introduction that was broken off is made again',
      [pooled('g2? g3'), pooled('g1?'), pooled('g1 g2?')],
      ['g2: restart glusterd'],
    ],
    [
      'one that cannot be reached is left out',
      [pooled('g2 g3-'), pooled('g1 g3-'), unreachable],
      ['converged'],
    ],
    [
      'one with volumes takes in the others, also where it is not the first',
      [fresh, pooled('', { volumes: [images('g2')] })],
      ['g2: take g1 into the pool'],
    ],
    ['one that is only cut off is left alone', [pooled('g2-'), pooled('g1-')], ['converged']],
    [
      'peers that the inventory does not name are left alone',
      [pooled('g2 old'), pooled('g1 old')],
      ['converged'],
    ],
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
      'two servers with one identity',
      [pooled('', { uuid: 'same' }), pooled('', { uuid: 'same' })],
      /g1 and g2 have the same identity same/,
    ],
    [
      'a server with volumes of its own',
      [pooled('g2'), pooled('g1'), pooled('', { volumes: [images('g3')] })],
      /g3 is not in the pool, and has its own volumes: images/,
    ],
    [
      'a pool that may be out of sight',
      [fresh, unreachable],
      /no pool is in sight, and g2 cannot be reached/,
    ],
    [
      'to give a server the identity of one that is still connected: there are two of that name',
      [pooled('', { peers: [{ uuid: 'old-g2', host: 'g2', connected: true, joined: true }] }), pooled('')],
      /g1 is connected to a g2 with the identity old-g2, and the one here has uuid-g2: there are two/,
    ],
    [
      'to give a server an identity that its pool does not agree on',
      [
        pooled('g2! g3'),
        pooled(''),
        pooled('g1', { peers: [...peers('g1'), { ...peers('g2!')[0]!, uuid: 'older' }] }),
      ],
      /knows g2 by several identities: old-g2, older/,
    ],
    [
      'to give a server its old identity while its bricks still run',
      [pooled('g2 g3'), pooled('', { bricks: new Map([['images', ONLINE]]) }), pooled('g1 g2')],
      /g2 has forgotten its pool, and its bricks of images still run/,
    ],
    [
      'a pool of servers whose bricks run, and that all forgot the one that they were in',
      [pooled('', { bricks: new Map([['images', ONLINE]]) }), fresh],
      /g1 has forgotten its pool, and its bricks of images still run/,
    ],
    [
      'to take in a server whose bricks run, as if it were new',
      [pooled('g3'), pooled('', { bricks: new Map([['images', ONLINE]]) }), pooled('g1')],
      /g2 has forgotten its pool/,
    ],
    [
      'to take in a server that has peers of its own',
      [pooled('g2 g3'), pooled('g1 g3'), pooled('g2')],
      /g3 has peers, and is not in the pool of g1: g2/,
    ],
    [
      'to restart a management daemon while another server is away',
      [pooled('g2? g3'), pooled('g1? g3'), unreachable],
      /glusterd on g2 has to be restarted, and g3 cannot be reached/,
    ],
    ['a server that does not answer', [fresh, pooled('', { answers: false })], /does not answer on g2/],
  ];
  it.each(refusals)('refuses %s', (_name, answers, reason) => {
    const decision = decide(...answers);
    expect(decision).toMatchObject({ verdict: 'refuse', reason: expect.stringMatching(reason) as string });
    expect(decision.evidence?.rows.length).toBeGreaterThanOrEqual(answers.length);
  });

  it('shows who the pool knows that the inventory does not', () => {
    const { evidence } = decide(pooled('g2 old-'), pooled('g1 old-'));
    expect(evidence?.rows).toEqual([
      ['g1', 'running', 'uuid-g1', 'g2', 'old', ''],
      ['g2', 'running', 'uuid-g2', 'g1', 'old', ''],
      ['old', 'not in the inventory: left alone', 'uuid-old', '', '', ''],
    ]);
  });

  it('says of each change what it does to the server', () => {
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
