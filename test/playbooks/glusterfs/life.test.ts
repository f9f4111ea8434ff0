import { describe, expect, it } from 'vitest';
import { judgeSpare } from '../../../playbooks/glusterfs/life.ts';
import type { Spare } from '../../../src/playbook/life.ts';
import {
  fresh,
  having,
  IMAGES,
  images,
  OFFLINE,
  ONLINE,
  serversThat,
  silent,
  unreachable,
  type Said,
} from './cluster/observations.ts';

type Case = readonly [name: string, servers: readonly Said[], verdict: Spare['verdict'], evidence: string];

const three = images('g1 g2 g3');
const two = images('g1 g2');
const up = having(ONLINE, three);
const behind = having({ ...ONLINE, backlog: 4 }, three);

/** Whether g1 can be stopped. */
const cases: readonly Case[] = [
  ['all copies are online', [up, up, up], 'spared', '2 of 3 copies of images remain online'],
  ['it is unreachable', [unreachable, up, up], 'spared', '2 of 3 copies of images remain online'],
  [
    'another copy is offline',
    [up, up, having(OFFLINE, three)],
    'needed',
    '1 of 3 copies of images remain online',
  ],
  ['another server is unreachable', [up, up, unreachable], 'needed', '1 of 3 copies of images remain online'],
  ['another glusterd is silent', [up, up, silent], 'needed', '1 of 3 copies of images remain online'],
  ['files wait to be healed', [behind, up, up], 'needed', '4 files of images are not healed yet'],
  [
    'others wait to be healed from each other',
    [up, behind, up],
    'needed',
    '4 files of images are not healed',
  ],
  [
    'one of two copies',
    [having(ONLINE, two), having(ONLINE, two)],
    'spared',
    '1 of 2 copies of images remain',
  ],
  [
    'the only copy online',
    [having(ONLINE, two), having(OFFLINE, two)],
    'needed',
    '0 of 2 copies of images remain',
  ],
  ['it has no copy', [having(ONLINE, images('g2 g3')), up, up], 'spared', 'it has no copy of images'],
  ['no server knows the volume', [fresh, fresh, fresh], 'unknown', 'no server that answered knows images'],
];

describe('whether a server of GlusterFS can be stopped', () => {
  it.each(cases)('%s', (_, answers, verdict, evidence) => {
    const spare = judgeSpare('g1', serversThat(...answers), [IMAGES]);
    expect(spare).toMatchObject({ verdict, evidence: expect.stringContaining(evidence) as string });
  });

  it('is no question where there are no volumes', () => {
    expect(judgeSpare('g1', serversThat(fresh), [])).toEqual({
      verdict: 'spared',
      evidence: 'it has no volumes',
    });
  });
});
