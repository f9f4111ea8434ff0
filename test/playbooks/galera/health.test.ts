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
      'one that cannot be reached',
      [live({ size: 2 }), unreachable, live({ size: 2 })],
      ['2 of 3', 'unreachable: no route to host'],
    ],
    [
      'one that gives its data away',
      [live(), live({ state: 'Donor/Desynced' }), live()],
      ['Primary, Donor/Desynced, ready, connected'],
    ],
    [
      'one that takes no queries',
      [live(), live({ ready: false }), live()],
      ['Primary, Synced, not ready, connected'],
    ],
    [
      'one without a quorum',
      [live({ size: 2 }), noQuorum(1), live({ size: 2 })],
      ['2 and 1 of 3', 'non-Primary, Initialized, not ready, connected'],
    ],
    [
      'two clusters',
      [live({ size: 1 }), live({ size: 1, uuid: OTHER_UUID })],
      ['1 of 2', `2 uuid: ${UUID}, ${OTHER_UUID}`],
    ],
    ['one without replication', [live({ size: 1 }), standalone()], ['1 of 2', 'runs without replication']],
    [
      'one that starts',
      [live({ size: 1 }), starting()],
      ['1 of 2', 'the unit is activating, and the server takes no clients yet'],
    ],
    [
      'one that does not answer',
      [live({ size: 1 }), silent()],
      ['1 of 2', 'mariadb runs on c2 and cannot be asked: no answer within 5 s on /run/mysqld/mysqld.sock'],
    ],
    [
      'one that root may not log in to',
      [live(), refusing(), live()],
      [
        "root may not log in over the socket on c2: Access denied for user 'root'@'localhost' (using password: NO)",
      ],
    ],
    ['nothing at all', [notInstalled], ['none of 1', 'no cluster runs', 'not installed']],
  ];
  it.each(broken)('is bad with %s', (_name, answers, evidence) => {
    expect(
      judged(...answers)
        .filter(([, healthy]) => !healthy)
        .map(([, , text]) => text),
    ).toEqual(evidence);
  });
});
