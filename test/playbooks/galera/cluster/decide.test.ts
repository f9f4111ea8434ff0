import { describe, expect, it } from 'vitest';
import type { ClusterDecision } from '../../../../src/playbook/operation.ts';
import { inShort } from '../../../operations/clusters.ts';
import {
  crashed,
  damaged,
  decide,
  fresh,
  live,
  noQuorum,
  OTHER_UUID,
  outdated,
  refusing,
  saved,
  type Said,
  silent,
  standalone,
  starting,
  stopped,
  thrownOut,
  unreachable,
} from './observations.ts';

type Case = readonly [name: string, answers: readonly Said[], stages: readonly string[]];
type Refusal = readonly [name: string, answers: readonly Said[], reason: RegExp, hint: RegExp];

const JOIN2 = 'c2: join the cluster';
const JOIN3 = 'c3: join the cluster';

function expectRefusal(decision: ClusterDecision, reason: RegExp, hint: RegExp): void {
  expect(decision).toMatchObject({ verdict: 'refuse' });
  if (decision.verdict !== 'refuse') return;
  expect(decision.reason).toMatch(reason);
  expect(decision.hint).toMatch(hint);
  expect(decision.evidence?.rows).toHaveLength(3);
}

describe('while a Primary component exists', () => {
  const cases: readonly Case[] = [
    ['nothing changes when all members are in it', [live(), live(), live()], ['converged']],
    ['a stopped member joins', [live({ size: 2 }), stopped(30), live({ size: 2 })], [JOIN2]],
    [
      'a crashed member joins without recovery of its position',
      [live({ size: 1 }), crashed(), crashed()],
      [JOIN2, JOIN3],
    ],
    ['members join one at a time', [live({ size: 1 }), fresh, fresh], [JOIN2, JOIN3]],
    [
      'the first member of the inventory joins like any other',
      [fresh, live({ size: 1 }), fresh],
      ['c1: join the cluster', JOIN3],
    ],
    ['a member with damaged data joins', [live({ size: 2 }), damaged(), live({ size: 2 })], [JOIN2]],
    ['an empty standalone server joins', [live({ size: 2 }), standalone(), live({ size: 2 })], [JOIN2]],
    ['an expelled member joins again', [live({ size: 2 }), thrownOut(), live({ size: 2 })], [JOIN2]],
    [
      'a member that is cut off rejoins',
      [live({ size: 2 }), noQuorum(30), live({ size: 2 })],
      ['c2: rejoin the cluster'],
    ],
    [
      'a member that starts is waited for',
      [live({ size: 2 }), starting(), live({ size: 2 })],
      ['c2: wait until Synced'],
    ],
    [
      'a member that is catching up is waited for',
      [live(), live({ state: 'Joined', ready: false }), live()],
      ['c2: wait until Synced'],
    ],
    ['unreachable members are left out', [live({ size: 2 }), unreachable, live({ size: 2 })], ['converged']],
    [
      'a member joins even if another one is unreachable',
      [live({ size: 1 }), stopped(1), unreachable],
      [JOIN2],
    ],
    [
      'members on an older configuration are restarted one at a time',
      [outdated(), live(), outdated()],
      ['c1: restart mariadb', 'c3: restart mariadb'],
    ],
    [
      'members join before any is restarted',
      [outdated({ size: 2 }), stopped(1), live({ size: 2 })],
      [JOIN2, 'c1: restart mariadb'],
    ],
    [
      'no member is restarted while another one is unreachable',
      [outdated({ size: 1 }), stopped(1), unreachable],
      [JOIN2],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(answers))).toEqual(stages);
  });

  const refusals: readonly Refusal[] = [
    [
      'a second cluster',
      [live({ size: 1 }), live({ size: 1, uuid: OTHER_UUID }), fresh],
      /c1, c2 are Primary.*not in one/,
      /stop mariadb/,
    ],
    [
      'two sides of one cluster',
      [live({ size: 1 }), live({ size: 1 }), unreachable],
      /not in one component/,
      /both sides/,
    ],
    [
      'to overwrite data of another cluster',
      [live({ size: 2 }), stopped(9, { uuid: OTHER_UUID }), live({ size: 2 })],
      /c2 has data of another cluster/,
      /--bootstrap-from c1/,
    ],
    [
      'to overwrite a running member of another cluster',
      [live({ size: 2 }), noQuorum(9, OTHER_UUID), live({ size: 2 })],
      /c2 has data of another cluster/,
      /--bootstrap-from c1/,
    ],
    [
      'to overwrite databases',
      [live({ size: 2 }), standalone(['shop']), live({ size: 2 })],
      /overwrite shop on c2/,
      /save and drop/,
    ],
    [
      'to overwrite transactions that the live cluster lacks',
      [live({ size: 1 }), stopped(99), stopped(40)],
      /up to 40.*up to 99 on c2/,
      /save that data.*--bootstrap-from c1/,
    ],
    [
      'to overwrite transactions that only a damaged member has',
      [live({ size: 2 }), damaged(41), live({ size: 2 })],
      /up to 41 on c2/,
      /--bootstrap-from c1/,
    ],
    [
      'to restart a standalone server with databases, even if it was in a cluster before',
      [live({ size: 2 }), { ...standalone(['shop']), saved: saved(3) }, live({ size: 2 })],
      /c2 runs standalone.*overwrite shop on c2/,
      /systemctl stop mariadb/,
    ],
    [
      'to restart a member on another data directory',
      [outdated(), live(), { ...outdated(), moved: '/srv/mysql' }],
      /c3 runs on \/var\/lib\/mysql, but would start on \/srv\/mysql/,
      /set datadir back/,
    ],
    [
      'to let a member join whose data directory is unknown',
      [live({ size: 2 }), { data: 'unknown' }, live({ size: 2 })],
      /\/var\/lib\/mysql on c2 is unknown/,
      /my_print_defaults --mysqld/,
    ],
    [
      'a restart while another member is unreachable',
      [outdated({ size: 2 }), live({ size: 2 }), unreachable],
      /cannot restart c1.*while c3/,
      /bring c3 back/,
    ],
  ];
  it.each(refusals)('refuses %s', (_name, answers, reason, hint) => {
    expectRefusal(decide(answers), reason, hint);
  });

  it('overwrites other data when the operator chooses the live member', () => {
    const answers = [live({ size: 2 }), stopped(9, { uuid: OTHER_UUID }), live({ size: 2 })];
    expect(inShort(decide(answers, { bootstrapFrom: 'c1' }))).toEqual([JOIN2]);
  });

  it('never forms a second cluster, whichever member the operator chooses', () => {
    const answers = [live({ size: 1 }), stopped(39), stopped(39)];
    expect(inShort(decide(answers, { bootstrapFrom: 'c2' }))).toEqual([JOIN2, JOIN3]);
  });

  it('bootstraps a single member again when it is restarted, because it has no cluster to join', () => {
    const decision = decide([outdated({ size: 1 })]);
    expect(inShort(decision)).toEqual(['c1: restart mariadb']);
    expect(decision.verdict === 'change' && decision.stages[0]?.[0]?.change.script).toContain(
      'galera_new_cluster',
    );
  });
});

describe('while a running server cannot be queried', () => {
  const ROOT = /root may not log in over the socket on c2: Access denied for user 'root'/;
  const ALTER = /on c2: mariadb -u root -p -e "ALTER USER root@localhost IDENTIFIED VIA unix_socket"/;
  const refusals: readonly Refusal[] = [
    ['and all others serve', [live(), refusing(), live()], ROOT, ALTER],
    [
      'and the others count it in their cluster',
      [live(), refusing(), live()],
      /c1 counts 3 in its Primary component/,
      ALTER,
    ],
    ['and every member refuses root', [refusing(), refusing(), refusing()], ROOT, ALTER],
    ['and nothing else runs', [stopped(5), refusing(), stopped(5)], ROOT, ALTER],
    ['and no member was ever in a cluster', [fresh, { ...refusing(), view: false }, fresh], ROOT, ALTER],
    ['and others wait for quorum', [noQuorum(5), refusing(), noQuorum(5)], ROOT, ALTER],
    ['and another one starts', [starting(), refusing(), stopped(5)], ROOT, ALTER],
    ['and another member is unreachable', [unreachable, refusing(), stopped(5)], ROOT, ALTER],
    [
      'because it has no free connection',
      [live(), refusing('ERROR 1040 (08004): Too many connections'), live()],
      /mariadb on c2 has no free connection: Too many connections/,
      /ss -tnp/,
    ],
    [
      'because it is slow',
      [live({ size: 2 }), silent(), stopped(5)],
      /c2 but cannot be queried: no answer within 5 s/,
      /sudo mariadb/,
    ],
    [
      'because its socket is gone',
      [
        stopped(5),
        refusing("ERROR 2002 (HY000): Can't connect to local server through socket '/x' (2)"),
        fresh,
      ],
      /c2 but cannot be queried: ERROR 2002/,
      /systemctl status mariadb/,
    ],
    [
      'because its sockets cannot be listed',
      [stopped(5), { ...starting(), process: 'unknown' }, stopped(5)],
      /c2 but cannot be queried: its sockets cannot be seen/,
      /sudo mariadb/,
    ],
    [
      'because it runs outside its unit',
      [stopped(5), { ...live(), ...starting('inactive'), process: 'open' }, stopped(5)],
      /c2 but cannot be queried: a server runs on \/var\/lib\/mysql, but the unit is inactive/,
      /systemctl status mariadb/,
    ],
    [
      'because it contradicts itself',
      [stopped(5), live({ component: 'non-Primary' }), stopped(5)],
      /c2 but cannot be queried: it reports non-Primary but accepts queries/,
      /sudo mariadb/,
    ],
    [
      'because its process cannot be found',
      [stopped(5), { ...live(), process: 'absent' }, stopped(5)],
      /c2 but cannot be queried: its unit is active, but has no process/,
      /systemctl status mariadb/,
    ],
  ];
  it.each(refusals)('no member is changed: %s', (_name, answers, reason, hint) => {
    expectRefusal(decide(answers), reason, hint);
    expectRefusal(decide(answers, { bootstrapFrom: 'c1' }), reason, hint);
  });
});

describe('before anything else is decided', () => {
  const SETTLE = 'wait for mariadb to come up, and kill it if it waits for members in vain';
  const cases: readonly Case[] = [
    ['a starting server is waited for', [starting(), stopped(5), fresh], [`c1: ${SETTLE}`]],
    [
      'all starting servers are waited for together',
      [starting(), starting('deactivating'), starting()],
      [`c1: ${SETTLE} + c2: ${SETTLE} + c3: ${SETTLE}`],
    ],
    [
      'no server is killed while a member is unreachable, because both may form a cluster',
      [starting(), stopped(5), unreachable],
      ['c1: wait for mariadb to come up'],
    ],
    [
      'a stopping server that has closed its sockets is waited for',
      [starting('deactivating'), noQuorum(5), noQuorum(5)],
      [`c1: ${SETTLE}`],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(answers))).toEqual(stages);
  });

  it('refuses a chosen host that is not a member', () => {
    expectRefusal(
      decide([fresh, fresh, fresh], { bootstrapFrom: 'c9' }),
      /c9 is not a member/,
      /one of c1, c2, c3/,
    );
  });
});

describe('when members run and none has quorum', () => {
  const QUORUM = 'promote to Primary';
  const cases: readonly Case[] = [
    [
      'the first of equal members is promoted, and the others rejoin',
      [noQuorum(40), noQuorum(40), noQuorum(40)],
      [`c1: ${QUORUM}`, 'c2: rejoin the cluster', 'c3: rejoin the cluster'],
    ],
    [
      'the member with the newest data is promoted',
      [noQuorum(40), noQuorum(41), stopped(40)],
      [`c2: ${QUORUM}`, 'c1: rejoin the cluster', JOIN3],
    ],
    [
      'a running member wins over a stopped one with the same position',
      [stopped(40, { safe: true }), noQuorum(40), fresh],
      ['c1: mark as not safe to bootstrap', `c2: ${QUORUM}`, 'c1: join the cluster', JOIN3],
    ],
    [
      'the positions of crashed members are recovered first',
      [noQuorum(40), crashed(), crashed()],
      ['c2: recover its last transaction + c3: recover its last transaction'],
    ],
    [
      'survivors are stopped if a stopped member has newer data',
      [noQuorum(40), crashed(90), stopped(80, { safe: true })],
      ['c1: stop mariadb'],
    ],
    [
      'survivors are stopped one at a time, because each may have regained quorum since',
      [noQuorum(40), noQuorum(41), crashed(90)],
      ['c1: stop mariadb', 'c2: stop mariadb'],
    ],
    [
      'damaged data never wins',
      [noQuorum(40), damaged(40), damaged(-1)],
      [
        'c2: mark as not safe to bootstrap + c3: mark as not safe to bootstrap',
        `c1: ${QUORUM}`,
        JOIN2,
        JOIN3,
      ],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(answers))).toEqual(stages);
  });

  const refusals: readonly Refusal[] = [
    [
      'while a member is unreachable, because it may have quorum',
      [noQuorum(40), noQuorum(40), unreachable],
      /c3 cannot be reached/,
      /bring c3 back.*osha deploy INVENTORY --bootstrap-from c1$/,
    ],
    [
      'data of different clusters',
      [noQuorum(40), stopped(50, { uuid: OTHER_UUID }), fresh],
      /different clusters/,
      /--bootstrap-from/,
    ],
    [
      'to overwrite databases',
      [noQuorum(40), noQuorum(40), standalone(['shop'])],
      /overwrite shop on c3/,
      /save and drop/,
    ],
    [
      'to overwrite transactions that only a damaged member has',
      [noQuorum(40), damaged(90), noQuorum(40)],
      /c2 is marked as damaged and has transactions up to 90/,
      /--bootstrap-from c1/,
    ],
    [
      'to overwrite data with an unknown position',
      [noQuorum(40), crashed(-1), noQuorum(40)],
      /last transaction of c2 is unknown/,
      /--bootstrap-from c1/,
    ],
    [
      'while the data of a stopped member is missing, because its disk may not be mounted',
      [noQuorum(40), noQuorum(40), { data: 'empty' }],
      /\/var\/lib\/mysql on c3 is empty/,
      /mount its disk/,
    ],
  ];
  it.each(refusals)('refuses %s', (_name, answers, reason, hint) => {
    expectRefusal(decide(answers), reason, hint);
  });

  it('promotes the chosen survivor even if a member is unreachable', () => {
    const decision = decide([noQuorum(40), noQuorum(41), unreachable], { bootstrapFrom: 'c1' });
    expect(inShort(decision)).toEqual([`c1: ${QUORUM}`, 'c2: rejoin the cluster']);
  });
});

describe('the changes', () => {
  const effects = (answers: readonly Said[], members = answers.length): readonly string[] => {
    const decision = decide(answers, { members });
    return decision.verdict === 'change'
      ? decision.stages.flat().map(({ host, change }) => `${host}: ${change.effects?.join(' ') ?? 'unknown'}`)
      : [decision.verdict];
  };
  const cases: readonly (readonly [string, readonly Said[], readonly string[]])[] = [
    ['bootstrap and join', [stopped(2), stopped(1)], ['c1: restarts forms', 'c2: restarts joins']],
    ['promote and rejoin', [noQuorum(2), noQuorum(1)], ['c1: promotes', 'c2: restarts joins']],
    ['recover a position', [crashed(), thrownOut()], ['c1: ', 'c2: stops']],
    ['stop survivors', [noQuorum(2), crashed(5)], ['c1: stops']],
    ['wait, or kill a server that waits in vain', [starting(), stopped(1)], ['c1: stops kills']],
    ['only wait', [starting(), unreachable], ['c1: ']],
    ['wait for a member', [live({ size: 1 }), starting()], ['c2: ']],
    ['restart', [outdated({ size: 2 }), live({ size: 2 })], ['c1: restarts']],
    ['restart the only member', [outdated({ size: 1 })], ['c1: restarts forms']],
    [
      'clear the mark',
      [stopped(2), stopped(1, { safe: true })],
      ['c2: ', 'c1: restarts forms', 'c2: restarts joins'],
    ],
  ];
  it.each(cases)('declare their effects on the member: %s', (_name, answers, expected) => {
    expect(effects(answers)).toEqual(expected);
  });
});

describe('the scripts', () => {
  it('form a cluster only in the bootstrap, and clean up after it', () => {
    const decision = decide([stopped(1), stopped(2), stopped(1)]);
    const scripts =
      decision.verdict === 'change' ? decision.stages.flat().map(({ change }) => change.script) : [];
    expect(scripts.map((script) => script.includes('galera_new_cluster ||'))).toEqual([true, false, false]);
    expect(scripts.every((script) => script.includes('rm -f /run/mariadb-wsrep-new-cluster'))).toBe(true);
  });
});

describe('the evidence', () => {
  it('has a row for each member with all criteria of the election', () => {
    const { evidence } = decide([stopped(10, { safe: true }), crashed(12), unreachable]);
    expect(evidence?.rows).toEqual([
      ['c1', 'stopped', 'inactive', '', 'aaaaaaaa', '10', 'yes', '-', '/var/lib/mysql'],
      ['c2', 'stopped', 'inactive', '', 'aaaaaaaa', '12 (recovered)', 'no', '-', '/var/lib/mysql'],
      ['c3', 'unreachable: no route to host', '', '', '', '', '', '', ''],
    ]);
  });
});
