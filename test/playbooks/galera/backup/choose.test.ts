import { expect, it } from 'vitest';
import { chooseMember } from '../../../../playbooks/galera/backup/choose.ts';
import {
  live,
  noQuorum,
  OTHER_UUID,
  refusing,
  standalone,
  starting,
  stopped,
  unreachable,
} from '../cluster/observations.ts';
import { candidatesThat, type Told } from './candidates.ts';

type Case = readonly [
  name: string,
  told: readonly Told[],
  from: string | undefined,
  /** The member, or a part of the reason of the refusal. */
  result: string,
  warning?: string,
];

const pair = live({ size: 2 });
const desynced = live({ state: 'Donor/Desynced' });
const busy = (clients: number): Told => [live(), { clients }];

const cases: readonly Case[] = [
  [
    'none has clients: the last one, because HAProxy uses the first',
    [[live()], [live()], [live()]],
    undefined,
    'c3',
  ],
  ['HAProxy sends clients to the last one', [busy(0), busy(0), busy(30)], undefined, 'c2'],
  [
    'all have clients',
    [busy(30), busy(5), busy(9)],
    undefined,
    'c2',
    '5 clients of c2 will have to connect again',
  ],
  [
    'the number of clients of one is unknown',
    [busy(2), busy(1), busy(-1)],
    undefined,
    'c2',
    '1 client of c2',
  ],
  ['the operator chooses', [busy(0), busy(0), busy(30)], 'c3', 'c3', '30 clients of c3'],
  ['one is down', [[pair], [stopped(4)], [pair]], undefined, 'c3'],
  ['one is unreachable', [[pair], [unreachable], [pair]], undefined, 'c3'],
  ['one is a donor', [[live()], [live()], [desynced]], undefined, 'c2'],
  ['the chosen one is a donor', [[live()], [live()], [desynced]], 'c3', 'c3 is not a Synced member'],
  ['only one is Synced', [[live()], [desynced], [unreachable]], undefined, 'only c1 is Synced'],
  ['only the chosen one is Synced', [[live()], [desynced], [unreachable]], 'c1', 'only c1 is Synced'],
  [
    'it is the only member',
    [[live({ size: 1 })]],
    undefined,
    'c1',
    'clients wait until its backup is complete',
  ],
  ['none has quorum', [[noQuorum(4)], [noQuorum(4)], [unreachable]], undefined, 'no member is in a Primary'],
  ['all are down', [[stopped(4)], [stopped(4)], [stopped(4)]], undefined, 'no member is in a Primary'],
  ['all are starting', [[starting()], [starting()], [starting()]], undefined, 'no member is in a Primary'],
  ['one runs alone', [[pair], [pair], [standalone(['shop'])]], undefined, 'c2'],
  ['one refuses root: it may be another cluster', [[pair], [pair], [refusing()]], undefined, 'c3'],
  [
    'there are two clusters',
    [[pair], [pair], [live({ uuid: OTHER_UUID, size: 1 })]],
    undefined,
    'not in one component',
  ],
  [
    'one cluster in two parts',
    [[live({ size: 1 })], [live({ size: 1 })], [unreachable]],
    undefined,
    'not in one component',
  ],
  [
    'it lacks the tools',
    [[live()], [live()], [live(), { hasTools: false }]],
    undefined,
    'c3 has no mariabackup',
  ],
];

const named = cases.map(
  ([name, told, from, result, warning]) => [name, { told, from, result, warning }] as const,
);

it.each(named)('%s', (_, { told, from, result, warning }) => {
  const choice = chooseMember(candidatesThat(...told), from);
  if (choice.verdict === 'use') {
    expect(choice.member).toBe(result);
    expect(choice.warning ?? '').toContain(warning ?? '');
    expect(choice.warning === undefined).toBe(warning === undefined);
  } else {
    expect(choice.reason).toContain(result);
    expect(choice.hint).not.toBe('');
  }
  expect(choice.evidence.rows.length).toBe(told.length);
});
