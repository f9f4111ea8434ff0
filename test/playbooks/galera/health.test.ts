import { describe, expect, it } from 'vitest';
import { judgeMembers } from '../../../playbooks/galera/health.ts';
import {
  live,
  membersThat,
  noQuorum,
  notInstalled,
  OTHER_UUID,
  refusing,
  type Said,
  silent,
  standalone,
  starting,
  stopped,
  unreachable,
  UUID,
} from './cluster/observations.ts';

function judged(...answers: readonly Said[]): readonly (readonly [string, boolean, string])[] {
  return judgeMembers(membersThat(...answers)).map(
    ({ subject, host, healthy, evidence }) => [host ?? subject, healthy, evidence] as const,
  );
}

const SYNCED = 'Primary, Synced, ready, connected';

describe('the health of a Galera cluster', () => {
  it('is good when every member is Synced in one Primary component of the right size', () => {
    expect(judged(live(), live(), live())).toEqual([
      ['cluster size', true, '3 of 3'],
      ['cluster state', true, `one uuid: ${UUID}`],
      ['c1', true, SYNCED],
      ['c2', true, SYNCED],
      ['c3', true, SYNCED],
    ]);
  });

  const broken: readonly (readonly [string, readonly Said[], readonly string[]])[] = [
    [
      'a stopped member',
      [live({ size: 2 }), stopped(1), live({ size: 2 })],
      ['2 of 3', 'the unit is inactive'],
    ],
    [
      'an unreachable member',
      [live({ size: 2 }), unreachable, live({ size: 2 })],
      ['2 of 3', 'unreachable: no route to host'],
    ],
    [
      'a donor',
      [live(), live({ state: 'Donor/Desynced' }), live()],
      ['Primary, Donor/Desynced, ready, connected'],
    ],
    [
      'a member that accepts no queries',
      [live(), live({ ready: false }), live()],
      ['Primary, Synced, not ready, connected'],
    ],
    [
      'a member without quorum',
      [live({ size: 2 }), noQuorum(1), live({ size: 2 })],
      ['2 and 1 of 3', 'non-Primary, Initialized, not ready, connected'],
    ],
    [
      'two clusters',
      [live({ size: 1 }), live({ size: 1, uuid: OTHER_UUID })],
      ['1 of 2', `2 uuids: ${UUID}, ${OTHER_UUID}`],
    ],
    [
      'a member without replication',
      [live({ size: 1 }), standalone()],
      ['1 of 2', 'runs without replication'],
    ],
    [
      'a starting member',
      [live({ size: 1 }), starting()],
      ['1 of 2', 'the unit is activating; the server accepts no clients yet'],
    ],
    [
      'a member that does not answer',
      [live({ size: 1 }), silent()],
      ['1 of 2', 'mariadb runs on c2 but cannot be queried: no answer within 5 s on /run/mysqld/mysqld.sock'],
    ],
    [
      'a member that refuses root',
      [live(), refusing(), live()],
      [
        "root may not log in over the socket on c2: Access denied for user 'root'@'localhost' (using password: NO)",
      ],
    ],
    ['nothing installed', [notInstalled], ['none of 1', 'no cluster runs', 'not installed']],
  ];
  it.each(broken)('is bad with %s', (_name, answers, evidence) => {
    expect(
      judged(...answers)
        .filter(([, healthy]) => !healthy)
        .map(([, , text]) => text),
    ).toEqual(evidence);
  });
});
