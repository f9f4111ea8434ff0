import { describe, expect, it } from 'vitest';
import { judgeMembers } from '../../../playbooks/etcd/health.ts';
import {
  alone,
  fresh,
  live,
  membersThat,
  NOTHING,
  said,
  notInstalled,
  silent,
  stopped,
  unreachable,
  type Said,
} from './cluster/observations.ts';

function judged(...answers: readonly Said[]): readonly (readonly [string, boolean, string])[] {
  return judgeMembers(membersThat(...answers), 'etcd').map(
    ({ subject, host, healthy, evidence }) => [host ?? subject, healthy, evidence] as const,
  );
}

describe('the health of an etcd cluster', () => {
  it('is good when every member serves, and all agree', () => {
    expect(judged(live('e1 e2'), live('e1 e2'))).toEqual([
      ['e1', true, '3.4.23, leader, term 2, index 40, 1.0 MiB'],
      ['e2', true, '3.4.23, follower, term 2, index 40, 1.0 MiB'],
      ['cluster', true, 'c0ffee'],
      ['leader', true, 'e1'],
      ['member list', true, 'e1, e2, the same on 2 of 2'],
    ]);
  });

  const broken: readonly (readonly [string, readonly Said[], string, string])[] = [
    ['a member that stopped', [live('e1 e2'), stopped()], 'e2', 'inactive'],
    ['a member that cannot be reached', [live('e1 e2'), unreachable], 'e2', 'unreachable: no route to host'],
    ['a host without etcd', [live('e1'), notInstalled], 'e2', 'not installed'],
    [
      'a member that runs and cannot be asked',
      [live('e1 e2'), silent('unintelligible')],
      'e2',
      'runs, and cannot be asked: HTTP 403',
    ],
    ['a member that hangs', [live('e1 e2'), silent()], 'e2', 'runs, and cannot be asked: no answer in time'],
    [
      'a port that another program has',
      [live('e1 e2'), () => ({ intruders: ['0.0.0.0:2379 nginx'] })],
      'e2',
      'its port is taken: 0.0.0.0:2379 nginx',
    ],
    [
      'a disk that is not mounted',
      [live('e1 e2'), () => ({ unmounted: '/var/lib/etcd' })],
      'e2',
      'inactive; its data belongs on /var/lib/etcd, which is not mounted',
    ],
    ['a quorum that is lost', [alone('e1 e2'), stopped()], 'leader', 'none'],
    ['two clusters', [live('e1'), live('e2', { cluster: 'bad' })], 'cluster', 'c0ffee and bad'],
    ['a member that nobody lists', [live('e1'), fresh], 'member list', 'e1 does not list e2'],
    ['a cluster that does not run', [stopped(), fresh], 'member list', 'no member answers'],
    [
      'a quota that is used up',
      [live('e1', { errors: ['alarm:NOSPACE'] })],
      'e1',
      '3.4.23, leader, term 2, index 40, 1.0 MiB; alarm:NOSPACE',
    ],
    [
      'a member that its clients cannot reach',
      [live('e1', { healthy: false })],
      'e1',
      '3.4.23, leader, term 2, index 40, 1.0 MiB; it does not answer its clients',
    ],
    [
      'a member that was added and never came',
      [live('e1 (old9)')],
      'member id-old9 (http://192.0.2.19:2380)',
      'added, and never started; it is not in the inventory',
    ],
  ];
  it('sees a member that runs outside of its unit, and says so', () => {
    const [finding] = judgeMembers(
      membersThat((name) => ({ ...said(live('e1'), name), unit: { ...NOTHING.unit, active: 'failed' } })),
      'etcd',
    );
    expect(finding).toMatchObject({
      healthy: false,
      evidence: expect.stringContaining('leader, outside of its unit, which is failed') as string,
      hint: expect.stringContaining('journalctl -u etcd') as string,
    });
  });

  it('says how to ask a member that gives no answer, which is not the same as one that stopped', () => {
    const [, finding] = judgeMembers(membersThat(live('e1 e2'), silent()), 'etcd');
    expect(finding?.hint).toBe("on e2, ask it: curl -q --noproxy '*' http://127.0.0.1:2379/health");
  });

  it.each(broken)('sees %s', (_name, answers, what, evidence) => {
    expect(judged(...answers)).toContainEqual([what, false, evidence]);
  });
});
