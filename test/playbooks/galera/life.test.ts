import { describe, expect, it } from 'vitest';
import { judgeSpare } from '../../../playbooks/galera/life.ts';
import type { Spare } from '../../../src/playbook/life.ts';
import {
  crashed,
  live,
  membersThat,
  noQuorum,
  OTHER_UUID,
  refusing,
  silent,
  stopped,
  unreachable,
  type Said,
} from './cluster/observations.ts';

type Case = readonly [name: string, members: readonly Said[], verdict: Spare['verdict'], evidence: string];

const pair = (more = {}): Said => live({ size: 2, ...more });

/** Whether c1 can be stopped. */
const cases: readonly Case[] = [
  ['all three are Synced', [live(), live(), live()], 'spared', '2 of 3 votes remain: c2, c3'],
  ['it is down already', [crashed(), pair(), pair()], 'spared', '2 of 2 votes remain: c2, c3'],
  ['it is unreachable, and left the component', [unreachable, pair(), pair()], 'spared', '2 of 2 votes'],
  [
    'another one is down',
    [pair(), pair(), stopped(40)],
    'needed',
    '1 of 2 votes remain: c2, which is no majority',
  ],
  ['another one is unreachable', [live(), live(), unreachable], 'needed', '1 of 3 votes remain: c2'],
  ['another one refuses root', [live(), live(), refusing()], 'needed', '1 of 3 votes remain: c2'],
  ['another one does not answer', [live(), live(), silent()], 'needed', '1 of 3 votes remain: c2'],
  ['another one still joins', [live(), live(), live({ state: 'Joiner', ready: false })], 'needed', '1 of 3'],
  [
    'it is the only one that is Synced',
    [live(), live({ state: 'Joiner' }), unreachable],
    'needed',
    'no other member',
  ],
  ['it is alone', [live({ size: 1 })], 'needed', 'no other member is Synced'],
  ['one of two', [pair(), pair()], 'needed', '1 of 2 votes remain: c2, which is no majority'],
  [
    'one of two, with an arbitrator',
    [live({ arbitrators: 1 }), live({ arbitrators: 1 })],
    'spared',
    '2 of 3 votes remain: c2 and an arbitrator',
  ],
  [
    'all are down: its data may be the newest',
    [stopped(40), stopped(39), stopped(40)],
    'needed',
    'no member is in a Primary component: the data of c1 may be the newest',
  ],
  ['none has quorum', [noQuorum(40), noQuorum(41), noQuorum(40)], 'needed', 'no member is in a Primary'],
  [
    'nobody that answers is Primary',
    [stopped(40), unreachable, stopped(3)],
    'unknown',
    'of those that answered',
  ],
  [
    'there are two clusters',
    [live({ size: 2 }), live({ size: 2 }), live({ uuid: OTHER_UUID, size: 1 })],
    'needed',
    'there are 2 clusters',
  ],
];

describe('whether a member of Galera can be stopped', () => {
  it.each(cases)('%s', (_, answers, verdict, evidence) => {
    const spare = judgeSpare('c1', membersThat(...answers));
    expect(spare).toMatchObject({ verdict, evidence: expect.stringContaining(evidence) as string });
  });

  it('counts out the vote of the arbitrator when its host is stopped', () => {
    const members = membersThat(live({ arbitrators: 1 }), live({ arbitrators: 1 }));
    expect(judgeSpare('bastion', members, { arbitrates: true })).toEqual({
      verdict: 'spared',
      evidence: '2 of 3 votes remain: c1, c2',
    });
    const one = membersThat(live({ size: 2, arbitrators: 1 }), stopped(40));
    expect(judgeSpare('bastion', one, { arbitrates: true }).verdict).toBe('needed');
  });
});
