import { describe, expect, it } from 'vitest';
import { judgeMembers } from '../../../playbooks/rabbitmq/health.ts';
import {
  idle,
  membersThat,
  nodes,
  notInstalled,
  running,
  type Said,
  silent,
  stopped,
  unreachable,
} from '../../operations/rabbitmq/observations.ts';

function judged(...answers: readonly Said[]): readonly (readonly [string, boolean, string])[] {
  return judgeMembers(membersThat(...answers)).map(
    ({ subject, host, healthy, evidence }) => [host ?? subject, healthy, evidence] as const,
  );
}

describe('the health of a RabbitMQ cluster', () => {
  it('is good when every node runs and sees all others running', () => {
    expect(judged(running('c1 c2'), running('c1 c2'))).toEqual([
      ['c1', true, 'running 3.10.8, sees 2 of 2 running'],
      ['c2', true, 'running 3.10.8, sees 2 of 2 running'],
      ['partitions', true, 'none'],
      ['alarms', true, 'none'],
    ]);
  });

  const seesOne = { runningMembers: nodes('c1') };
  const broken: readonly (readonly [string, readonly Said[], readonly string[]])[] = [
    [
      'a stopped node',
      [running('c1 c2', seesOne), stopped('c1 c2')],
      ['running 3.10.8, sees 1 of 2 running', 'inactive'],
    ],
    [
      'a node whose broker is stopped',
      [running('c1 c2', seesOne), idle('c1 c2')],
      ['running 3.10.8, sees 1 of 2 running', 'node up, broker stopped'],
    ],
    [
      'an unreachable node',
      [running('c1 c2', seesOne), unreachable],
      ['running 3.10.8, sees 1 of 2 running', 'unreachable: no route to host'],
    ],
    [
      'nodes that run separately',
      [running('c1'), running('c2')],
      ['running 3.10.8, sees 1 of 2 running', 'running 3.10.8, sees 1 of 2 running'],
    ],
    ['a partition', [running('c1 c2', { partitions: nodes('c2') }), running('c1 c2')], ['rabbit@c2']],
    ['an alarm', [running('c1', { alarms: ['disk'] })], ['disk']],
    [
      'a node that does not run and is not in the inventory',
      [running('c1 old', seesOne)],
      ['not running, not in the inventory'],
    ],
    [
      'a node that does not answer, which is never reported as not running',
      [running('c1 c2'), silent('c1 c2', 'slow')],
      ['runs, but does not answer: it is slow'],
    ],
    [
      'a node that paused itself',
      [running('c1 c2', seesOne), idle('c1 c2', { paused: true })],
      ['running 3.10.8, sees 1 of 2 running', 'paused: it sees a minority of its cluster'],
    ],
    ['nothing installed', [notInstalled], ['not installed', 'no node answers', 'no node answers']],
  ];
  it.each(broken)('is bad with %s', (_name, answers, evidence) => {
    expect(
      judged(...answers)
        .filter(([, healthy]) => !healthy)
        .map(([, , text]) => text),
    ).toEqual(evidence);
  });

  it.each([
    ['refused', /osha deploy INVENTORY --only rabbitmq/],
    ['unreachable', /epmd -names/],
    ['slow', /journalctl -u rabbitmq-server on c2/],
  ] as const)('has a hint for a node that does not answer: %s', (kind, hint) => {
    const findings = judgeMembers(membersThat(running('c1 c2'), silent('c1 c2', kind)));
    expect(findings.find(({ host }) => host === 'c2')?.hint).toMatch(hint);
  });
});
