import { describe, expect, it } from 'vitest';
import { judgeSpare } from '../../../playbooks/etcd/life.ts';
import type { Spare } from '../../../src/playbook/life.ts';
import {
  alone,
  fresh,
  live,
  membersThat,
  silent,
  starting,
  stopped,
  unreachable,
  type Said,
} from './cluster/observations.ts';

type Case = readonly [name: string, members: readonly Said[], verdict: Spare['verdict'], evidence: string];

const ALL = 'e1 e2 e3';

/** Whether the first member can be stopped. */
const cases: readonly Case[] = [
  ['all three are healthy', [live(ALL), live(ALL), live(ALL)], 'spared', '2 of 3 members remain: e2, e3'],
  ['it is down already', [stopped(), live(ALL), live(ALL)], 'spared', '2 of 3 members remain'],
  ['it is unreachable', [unreachable, live(ALL), live(ALL)], 'spared', '2 of 3 members remain'],
  [
    'another one is down',
    [live(ALL), live(ALL), stopped()],
    'needed',
    '1 of 3 members remain: e2; a majority is 2',
  ],
  ['another one is unreachable', [live(ALL), live(ALL), unreachable], 'needed', '1 of 3 members remain'],
  ['another one is starting', [live(ALL), live(ALL), starting], 'needed', '1 of 3 members remain'],
  ['another one is silent', [live(ALL), live(ALL), silent()], 'needed', '1 of 3 members remain'],
  ['another one is cut off', [live(ALL), live(ALL), alone(ALL)], 'needed', '1 of 3 members remain'],
  [
    'another one does not serve its clients',
    [live(ALL), live(ALL), live(ALL, { healthy: false })],
    'needed',
    '1 of 3 members remain',
  ],
  ['one of two', [live('e1 e2'), live('e1 e2')], 'needed', '1 of 2 members remain: e2; a majority is 2'],
  ['it is alone', [live('e1')], 'needed', '0 of 1 members remain; a majority is 1'],
  [
    'a member that the inventory does not list has a vote too',
    [live('e1 e2 e3 old'), live('e1 e2 e3 old'), live('e1 e2 e3 old')],
    'needed',
    '2 of 4 members remain: e2, e3; a majority is 3',
  ],
  ['no member knows a leader', [alone(ALL), alone(ALL), stopped()], 'needed', 'no member knows a leader'],
  ['nothing was formed yet', [fresh, fresh, fresh], 'needed', 'no member knows a leader'],
  [
    'nobody that answers knows a leader',
    [alone(ALL), unreachable, unreachable],
    'unknown',
    'of those that answered',
  ],
];

describe('whether a member of etcd can be stopped', () => {
  it.each(cases)('%s', (_, answers, verdict, evidence) => {
    const members = membersThat(...answers);
    const spare = judgeSpare(members[0]?.name ?? '', members);
    expect(spare).toMatchObject({ verdict, evidence: expect.stringContaining(evidence) as string });
  });
});
