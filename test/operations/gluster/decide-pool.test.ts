import { describe, expect, it } from 'vitest';
import { decidePool } from '../../../src/operations/gluster/decide-pool.ts';
import type { ClusterDecision } from '../../../src/playbook/operation.ts';
import { inShort } from '../clusters.ts';
import { fresh, images, pooled, serversThat, unreachable, type Said } from './observations.ts';

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
      /g3 is not in the pool, and has volumes of its own: images/,
    ],
    [
      'a pool that may be out of sight',
      [fresh, unreachable],
      /no pool is in sight, and g2 cannot be reached/,
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
});
