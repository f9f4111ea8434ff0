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
  it('is good when every member serves and all agree', () => {
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
    ['an unreachable member', [live('e1 e2'), unreachable], 'e2', 'unreachable: no route to host'],
    ['a host without etcd', [live('e1'), notInstalled], 'e2', 'not installed'],
    [
      'a member that runs but cannot be queried',
      [live('e1 e2'), silent('unintelligible')],
      'e2',
      'running, but cannot be queried: HTTP 403',
    ],
    ['a member that hangs', [live('e1 e2'), silent()], 'e2', 'running, but cannot be queried: timed out'],
    [
      'a port that another program holds',
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
    ['a lost quorum', [alone('e1 e2'), stopped()], 'leader', 'none'],
    ['two clusters', [live('e1'), live('e2', { cluster: 'bad' })], 'cluster', 'c0ffee and bad'],
    ['a member that is not listed', [live('e1'), fresh], 'member list', 'e1 does not list e2'],
    ['a cluster that does not run', [stopped(), fresh], 'member list', 'no member answers'],
    [
      'an exhausted quota',
      [live('e1', { errors: ['alarm:NOSPACE'] })],
      'e1',
      '3.4.23, leader, term 2, index 40, 1.0 MiB; alarm:NOSPACE',
    ],
    [
      'a member that its clients cannot reach',
      [live('e1', { healthy: false })],
      'e1',
      '3.4.23, leader, term 2, index 40, 1.0 MiB; does not answer clients',
    ],
    [
      'a member that was added but never started',
      [live('e1 (old9)')],
      'member id-old9 (http://192.0.2.19:2380)',
      'added but never started; not in the inventory',
    ],
  ];
  it('reports a member that runs outside its unit', () => {
    const [finding] = judgeMembers(
      membersThat((name) => ({ ...said(live('e1'), name), unit: { ...NOTHING.unit, active: 'failed' } })),
      'etcd',
    );
    expect(finding).toMatchObject({
      healthy: false,
      evidence: expect.stringContaining('leader, outside its unit (failed)') as string,
      hint: expect.stringContaining('journalctl -u etcd') as string,
    });
  });

  it('hints how to query a member that does not answer, unlike one that stopped', () => {
    const [, finding] = judgeMembers(membersThat(live('e1 e2'), silent()), 'etcd');
    expect(finding?.hint).toBe("query it on e2: curl -q --noproxy '*' http://127.0.0.1:2379/health");
  });

  it.each(broken)('reports %s', (_name, answers, what, evidence) => {
    expect(judged(...answers)).toContainEqual([what, false, evidence]);
  });
});
