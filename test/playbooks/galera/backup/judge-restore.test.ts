import { expect, it } from 'vitest';
import { judgeRestore } from '../../../../playbooks/galera/backup/judge-restore.ts';
import type { BackupObservation } from '../../../../playbooks/galera/backup/candidates.ts';
import type { RestoreRequest } from '../../../../src/playbook/backup.ts';
import {
  fresh,
  live,
  noQuorum,
  notInstalled,
  OTHER_UUID,
  refusing,
  starting,
  stopped,
  unreachable,
} from '../cluster/observations.ts';
import { candidatesThat, type Told } from './candidates.ts';

const ID = 'f'.repeat(64);
const REQUEST: RestoreRequest = { id: ID, version: '10.11.14-MariaDB', dataBytes: 1e9, replace: false };

type Case = readonly [
  name: string,
  told: readonly Told[],
  /** `MEMBER STATE`, or a part of the reason of the refusal. */
  result: string,
  request?: Partial<RestoreRequest>,
];

const facts = (one: Partial<BackupObservation>): Partial<BackupObservation> => one;
const empty = facts({ data: 'empty' });
const shop = facts({ databases: ['shop'] });
const replace = { replace: true };

const cases: readonly Case[] = [
  ['fresh members', [[fresh], [fresh], [fresh]], 'c1 nothing'],
  [
    'all data is lost',
    [
      [fresh, empty],
      [fresh, facts({ data: 'missing' })],
      [fresh, empty],
    ],
    'c1 nothing',
  ],
  ['a running cluster without databases', [[live()], [live()], [live()]], 'c1 nothing'],
  ['a running cluster without quorum', [[noQuorum(4)], [noQuorum(4)], [noQuorum(4)]], 'c1 nothing'],
  ['most room', [[fresh], [fresh, facts({ roomBytes: 20e9 })], [fresh]], 'c2 nothing'],
  [
    'databases',
    [[live(), shop], [live(), shop], [stopped(3)]],
    'the members have data: shop on c1; shop on c2',
  ],
  [
    'databases, to be replaced',
    [
      [live(), shop],
      [live(), shop],
      [live(), shop],
    ],
    'c1 nothing',
    replace,
  ],
  ['databases of one that is stopped', [[live()], [live()], [stopped(3), shop]], 'shop on c3'],
  [
    'one is unreachable',
    [[live()], [unreachable], [live()]],
    'c2 cannot be reached (no route to host)',
    replace,
  ],
  ['one refuses root', [[live()], [refusing()], [live()]], 'c2', replace],
  ['one is starting', [[live()], [starting()], [live()]], 'mariadb is starting or stopping on c2', replace],
  [
    'two clusters',
    [[live({ size: 2 })], [live({ size: 1, uuid: OTHER_UUID })], [live({ size: 2 })]],
    'in several clusters',
    replace,
  ],
  ['one has no server', [[fresh], [notInstalled, facts({ installed: false })], [fresh]], 'c2 lacks MariaDB'],
  [
    'one has no mariabackup',
    [[fresh], [fresh, facts({ hasTools: false })], [fresh]],
    'c2 lacks MariaDB or mariabackup',
  ],
  [
    'a mounted data directory',
    [[fresh], [fresh, facts({ fixed: 'mounted' })], [fresh]],
    'c2 is a mount point',
  ],
  [
    'files in several folders',
    [[fresh], [fresh, facts({ fixed: 'several' })], [fresh]],
    'not the only folder',
  ],
  ['a data directory that has moved', [[fresh], [fresh, facts({ moved: '/srv' })], [fresh]], 'would be /srv'],
  ['a newer series', [[fresh], [fresh], [fresh]], 'is newer than 10.11.11', { version: '11.4.2-MariaDB' }],
  ['a series that is newer by its minor', [[fresh]], 'is newer', { version: '10.12.0' }],
  ['an older series', [[fresh], [fresh], [fresh]], 'is older than 10.11.11', { version: '10.6.22-MariaDB' }],
  ['too little room', [[fresh, facts({ roomBytes: 1e9 })]], 'too little room'],
  ['no member', [], 'no member of the database'],

  // Continued after an interruption.
  [
    'prepared',
    [
      [live(), shop],
      [live(), shop],
      [live(), { ...shop, prepared: ID }],
    ],
    'c3 prepared',
    replace,
  ],
  [
    'prepared, of another backup',
    [[live()], [live()], [live(), facts({ prepared: 'e'.repeat(64) })]],
    'c1 nothing',
  ],
  [
    'prepared, and some are stopped',
    [[stopped(4), facts({ prepared: ID })], [stopped(4)], [live()]],
    'c1 prepared',
  ],
  [
    'prepared, and the former data is aside',
    [
      [fresh, { data: 'missing', prepared: ID }],
      [fresh, empty],
      [fresh, empty],
    ],
    'c1 prepared',
  ],
  ['prepared needs no more room', [[fresh, { prepared: ID, roomBytes: 0 }], [fresh], [fresh]], 'c1 prepared'],
  [
    'placed',
    [
      [fresh, { ...shop, placed: ID }],
      [fresh, empty],
      [fresh, empty],
    ],
    'c1 placed',
  ],
  [
    'placed, and crashed while forming',
    [
      [stopped(4), { ...shop, placed: ID }],
      [fresh, empty],
      [fresh, empty],
    ],
    'c1 placed',
  ],
  [
    'placed, but another one has come up',
    [
      [fresh, { ...shop, placed: ID }],
      [live({ size: 1 }), shop],
      [fresh, empty],
    ],
    'shop on c2',
  ],
  [
    'placed, but another one has come up, to be replaced',
    [
      [fresh, { ...shop, placed: ID }],
      [live({ size: 1 }), shop],
      [fresh, empty],
    ],
    'c1 prepared',
    replace,
  ],
  [
    'formed',
    [
      [live({ size: 1 }), { ...shop, placed: ID }],
      [fresh, empty],
      [fresh, empty],
    ],
    'c1 formed',
  ],
  [
    'formed, and one has joined',
    [
      [live({ size: 2 }), { ...shop, placed: ID }],
      [live({ size: 2 }), shop],
      [fresh, empty],
    ],
    'c1 formed',
  ],
  [
    'formed from another backup',
    [
      [live(), { ...shop, placed: 'e'.repeat(64) }],
      [live(), shop],
      [live(), shop],
    ],
    'have data',
  ],
];

const named = cases.map(([name, told, result, request]) => [name, { told, result, request }] as const);

it.each(named)('%s', (_, { told, result, request }) => {
  const decision = judgeRestore(candidatesThat(...told), { ...REQUEST, ...request });
  if (decision.verdict === 'restore') expect(`${decision.member} ${decision.state}`).toBe(result);
  else {
    expect(decision.reason).toContain(result);
    expect(decision.hint).not.toBe('');
  }
});

it('a server that starts may have started by the next look, anything else needs help', () => {
  const passes = (...told: readonly Told[]): unknown => {
    const decision = judgeRestore(candidatesThat(...told), REQUEST);
    return decision.verdict === 'refuse' && decision.passes;
  };
  expect(passes([starting()], [fresh])).toBe(true);
  expect(passes([unreachable], [fresh])).toBeUndefined();
});
