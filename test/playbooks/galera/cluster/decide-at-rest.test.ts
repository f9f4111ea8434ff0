import { describe, expect, it } from 'vitest';
import type { ClusterDecision } from '../../../../src/playbook/operation.ts';
import { inShort } from '../../../operations/clusters.ts';
import {
  crashed,
  damaged,
  decide,
  fresh,
  notInstalled,
  OTHER_UUID,
  saved,
  type Said,
  standalone,
  stopped,
  thrownOut,
  unreachable,
  UUID,
} from './observations.ts';

type Case = readonly [name: string, answers: readonly Said[], stages: readonly string[]];
type Refusal = readonly [name: string, answers: readonly Said[], reason: RegExp, hint: RegExp];

const JOIN2 = 'c2: join the cluster';
const JOIN3 = 'c3: join the cluster';

function becauseOf(decision: ClusterDecision): string {
  return decision.verdict === 'change' ? decision.because : '';
}

function expectRefusal(decision: ClusterDecision, reason: RegExp, hint: RegExp): void {
  expect(decision).toMatchObject({ verdict: 'refuse' });
  if (decision.verdict !== 'refuse') return;
  expect(decision.reason).toMatch(reason);
  expect(decision.hint).toMatch(hint);
  expect(decision.evidence?.rows).toHaveLength(3);
}

describe('when nothing runs and no member was ever in a cluster', () => {
  const BOOTSTRAP = 'bootstrap the cluster';
  const cases: readonly Case[] = [
    [
      'the first member is bootstrapped, and the others join',
      [fresh, fresh, fresh],
      [`c1: ${BOOTSTRAP}`, JOIN2, JOIN3],
    ],
    [
      'hosts where nothing is installed yet keep their place in the order',
      [notInstalled, fresh, notInstalled],
      [`c1: ${BOOTSTRAP}`, JOIN2, JOIN3],
    ],
    [
      'empty standalone servers join',
      [standalone(), standalone(), standalone()],
      [`c1: ${BOOTSTRAP}`, JOIN2, JOIN3],
    ],
    [
      'a member with databases is bootstrapped, so that they are kept',
      [fresh, { databases: ['shop'] }, fresh],
      [`c2: ${BOOTSTRAP}`, 'c1: join the cluster', JOIN3],
    ],
    [
      'a standalone server with databases is stopped first, as a separate decision',
      [fresh, standalone(['shop']), fresh],
      ['c2: stop mariadb'],
    ],
    [
      'a zero uuid without a position does not count as a cluster',
      [damaged(-1, '00000000-0000-0000-0000-000000000000'), fresh, fresh],
      [`c1: ${BOOTSTRAP}`, JOIN2, JOIN3],
    ],
    [
      'the position behind a zero uuid is recovered first',
      [damaged(), fresh, fresh],
      ['c1: recover its last transaction'],
    ],
    ['a single member forms a cluster', [fresh], [`c1: ${BOOTSTRAP}`]],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(answers))).toEqual(stages);
  });

  const refusals: readonly Refusal[] = [
    [
      'while a member is unreachable, because it may run a cluster',
      [fresh, fresh, unreachable],
      /c3 cannot be reached/,
      /bring c3 back/,
    ],
    [
      'when two members have databases',
      [standalone(['shop']), fresh, standalone(['wiki'])],
      /overwrite wiki on c3/,
      /--bootstrap-from c1/,
    ],
  ];
  it.each(refusals)('refuses %s', (_name, answers, reason, hint) => {
    expectRefusal(decide(answers), reason, hint);
  });
});

describe('when nothing runs and members were in a cluster', () => {
  const boot = (first: string, ...others: readonly string[]): readonly string[] => [
    `${first}: bootstrap the cluster`,
    ...others.map((other) => `${other}: join the cluster`),
  ];
  const cases: readonly Case[] = [
    ['the highest last transaction wins', [stopped(10), stopped(12), stopped(11)], boot('c2', 'c1', 'c3')],
    [
      'a tie goes to the member that is safe to bootstrap',
      [stopped(12), stopped(12), stopped(12, { safe: true })],
      boot('c3', 'c1', 'c2'),
    ],
    [
      'a tie without that mark goes to the first in the inventory',
      [stopped(12), stopped(12), stopped(12)],
      boot('c1', 'c2', 'c3'),
    ],
    [
      'the mark does not win over newer data, and is cleared',
      [stopped(10, { safe: true }), crashed(12), stopped(11)],
      ['c1: mark as not safe to bootstrap', ...boot('c2', 'c1', 'c3')],
    ],
    [
      'the positions of crashed members are recovered first',
      [crashed(), stopped(12), crashed()],
      ['c1: recover its last transaction + c3: recover its last transaction'],
    ],
    [
      'a recovered position counts, and other members that could bootstrap on their own are prevented from it',
      [crashed(13), stopped(12), crashed(11)],
      ['c3: mark as not safe to bootstrap', ...boot('c1', 'c2', 'c3')],
    ],
    [
      'the position of an expelled member is recovered first',
      [thrownOut(), stopped(12), stopped(12)],
      ['c1: recover its last transaction'],
    ],
    ['a member that was never in the cluster joins', [fresh, stopped(1), fresh], boot('c2', 'c1', 'c3')],
    [
      'a zero uuid never wins',
      [damaged(3), stopped(3), stopped(2)],
      ['c1: mark as not safe to bootstrap', ...boot('c2', 'c1', 'c3')],
    ],
    [
      'a member with a zero uuid and no position joins',
      [damaged(-1, '00000000-0000-0000-0000-000000000000'), stopped(3), stopped(2)],
      ['c1: mark as not safe to bootstrap', ...boot('c2', 'c1', 'c3')],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(answers))).toEqual(stages);
  });

  const refusals: readonly Refusal[] = [
    [
      'while a member is unreachable',
      [stopped(10), unreachable, stopped(12)],
      /c2 cannot be reached.*newer data/,
      /bring c2 back; if it is off for good, .*: osha deploy INVENTORY --bootstrap-from c3$/,
    ],
    [
      'data of different clusters',
      [stopped(10), stopped(12, { uuid: OTHER_UUID }), stopped(11)],
      new RegExp(`${UUID} on c1, c3.*${OTHER_UUID} on c2`),
      /--bootstrap-from HOST/,
    ],
    [
      'when all data is damaged',
      [damaged(10), damaged(12), damaged(11)],
      /every member is marked as damaged/,
      /--bootstrap-from HOST/,
    ],
    [
      'to overwrite transactions that only a damaged member has',
      [damaged(99), stopped(3), stopped(2)],
      /c2 would be bootstrapped.*up to 3, but the data of c1 is marked as damaged.*up to 99/,
      /--bootstrap-from c2/,
    ],
    [
      'when the tables of a member belong to another cluster than its state file',
      [crashed(99, { recovered: OTHER_UUID }), stopped(3), stopped(2)],
      new RegExp(`${UUID} on c1, c2, c3.*${OTHER_UUID} on c1`),
      /--bootstrap-from HOST/,
    ],
    [
      'when the position of a member cannot be recovered',
      [crashed(-1), stopped(3), stopped(2)],
      /last transaction of c1 is unknown/,
      /--bootstrap-from c2/,
    ],
    [
      'while the data directory of a member is empty, because its disk may not be mounted',
      [{ data: 'empty', directory: '/srv/mysql' }, stopped(6), stopped(5)],
      /\/srv\/mysql on c1 is empty/,
      /mount its disk/,
    ],
    [
      'while a standalone server has databases, even if it was in a cluster before',
      [stopped(10), { ...standalone(['shop']), saved: saved(3) }, stopped(10)],
      /c2 runs standalone/,
      /systemctl stop mariadb/,
    ],
    [
      'to overwrite databases of a server that was never in the cluster',
      [stopped(10), standalone(['shop']), stopped(10)],
      /overwrite shop on c2/,
      /save and drop/,
    ],
  ];
  it.each(refusals)('refuses %s', (_name, answers, reason, hint) => {
    expectRefusal(decide(answers), reason, hint);
  });

  it('recovers the positions of crashed members before its hint names a member to continue with', () => {
    expect(inShort(decide([crashed(), stopped(7), unreachable]))).toEqual([
      'c1: recover its last transaction',
    ]);
    expectRefusal(decide([crashed(9), stopped(7), unreachable]), /c3 cannot be reached/, /-from c1$/);
  });

  const chosen: readonly Case[] = [
    ['even if another member is unreachable', [stopped(12), stopped(10), unreachable], boot('c2', 'c1')],
    [
      'even if the data is of different clusters',
      [stopped(12, { uuid: OTHER_UUID }), stopped(10), fresh],
      boot('c2', 'c1', 'c3'),
    ],
    ['without recovery of its position', [stopped(12), crashed(), unreachable], boot('c2', 'c1')],
    [
      'with damaged data, after recovery of its position',
      [damaged(), damaged(), unreachable],
      ['c2: recover its last transaction'],
    ],
    [
      'with damaged data that has a position',
      [damaged(), damaged(12), unreachable],
      ['c1: mark as not safe to bootstrap', ...boot('c2', 'c1')],
    ],
  ];
  it.each(chosen)('continues with the chosen member %s', (_name, answers, stages) => {
    expect(inShort(decide(answers, { bootstrapFrom: 'c2' }))).toEqual(stages);
  });

  const chosenRefusals: readonly Refusal[] = [
    [
      'that is unreachable',
      [stopped(1), unreachable, stopped(1)],
      /c2 cannot be reached/,
      /osha deploy INVENTORY --bootstrap-from c1$/,
    ],
    [
      'without cluster data, when others have some',
      [stopped(1), fresh, unreachable],
      /c2 has no cluster data.*c1 has/,
      /--bootstrap-from c1/,
    ],
  ];
  it.each(chosenRefusals)('refuses a chosen member %s', (_name, answers, reason, hint) => {
    expectRefusal(decide(answers, { bootstrapFrom: 'c2' }), reason, hint);
  });

  it('gives the reason for the election', () => {
    expect(becauseOf(decide([stopped(10), stopped(12), stopped(11)]))).toContain(
      'c2 is bootstrapped: its last transaction is 12, the newest',
    );
  });
});
