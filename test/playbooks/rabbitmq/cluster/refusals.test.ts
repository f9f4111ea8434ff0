import { describe, expect, it } from 'vitest';
import { STARTED_AT, unitReading } from '../../../operations/unit-states.ts';
import {
  decide,
  fresh,
  idle,
  nodes,
  outdated,
  running,
  type Said,
  silent,
  stopped,
  unreachable,
} from '../../../operations/rabbitmq/observations.ts';

type Refusal = readonly [name: string, answers: readonly Said[], reason: RegExp];

const ALL = 'c1 c2 c3';

describe('the decision refuses', () => {
  const cases: readonly Refusal[] = [
    [
      'two clusters',
      [running('c1 c2'), running('c1 c2'), running('c3 c4')],
      /two clusters: rabbit@c1, rabbit@c2 and rabbit@c3, rabbit@c4/,
    ],
    ['a second, stopped cluster', [running('c1 c2'), running('c1 c2'), stopped('c3 c4')], /two clusters/],
    [
      'a partition',
      [running(ALL, { partitions: nodes('c3') }), running(ALL), running(ALL, { partitions: nodes('c1') })],
      /partitioned: c1 was cut off from rabbit@c3; c3 was cut off from rabbit@c1/,
    ],
    [
      'to delete the queues of a joining node',
      [running('c1 c2'), running('c1 c2'), running('c3', { queues: 7 })],
      /delete 7 queues on c3/,
    ],
    [
      'to choose between nodes with queues',
      [running('c1', { queues: 1 }), running('c2', { queues: 1 }), fresh],
      /delete 1 queue on c2/,
    ],
    [
      'to form a cluster while an unreachable node may be in one',
      [fresh, unreachable, fresh],
      /no reachable node is in a cluster, and c2 cannot be reached/,
    ],
    [
      'a restart while another node is unreachable',
      [outdated(ALL), unreachable, running(ALL)],
      /cannot restart c1 on its newer configuration while c2 cannot be reached/,
    ],
    [
      'a restart while a node does not see another one running',
      [outdated(ALL), running(ALL, { runningMembers: nodes('c1 c2') }), running(ALL)],
      /c2 does not see every other node running/,
    ],
    [
      'a restart of a broker that does not run in its unit',
      [{ ...running(ALL), unit: unitReading('f', 'inactive', STARTED_AT + 5) }, running(ALL), running(ALL)],
      /broker on c1 does not run in its unit/,
    ],
    [
      'to restart nodes when none answers, because all may serve clients',
      [silent(ALL), silent(ALL), silent(ALL)],
      /c1 runs, but does not answer: it is refused; c2 .*; c3 .*; a node that may serve clients is not restarted/,
    ],
    [
      'to restart nodes that do not answer, even if they were never in a cluster',
      [silent('c1'), silent('c2'), silent('c3')],
      /a node that may serve clients is not restarted/,
    ],
    [
      'to restart the only node that does not answer',
      [running(ALL), silent(ALL, 'slow'), running(ALL)],
      /c2 runs, but does not answer: it is slow; a node that may/,
    ],
    [
      'to form a cluster while a node does not answer',
      [fresh, silent('c2', 'unreachable'), fresh],
      /c2 runs, but does not answer: it is unreachable/,
    ],
    [
      'a node that runs outside its unit and does not answer',
      [running(ALL), { alive: true, silence: { kind: 'unreachable', said: 'epmd' } }, running(ALL)],
      /c2 runs outside its unit, but does not answer: epmd/,
    ],
    [
      'to start a broker that paused itself, because it is on the minority side',
      [unreachable, idle(ALL, { paused: true }), unreachable],
      /c2 has paused itself/,
    ],
    [
      'to delete data other than queues',
      [running('c1 c2'), running('c1 c2'), running('c3', { vhosts: ['/', '/x'], connections: 2 })],
      /delete 2 client connections, virtual host \/x on c3/,
    ],
    [
      'to reset a node whose queues could not be counted',
      [running('c1 c2'), running('c1 c2'), running('c3', { queues: undefined })],
      /delete an unknown number of queues on c3/,
    ],
    [
      'to reset a node that lost its data and has new queues',
      [running(ALL), running('c2', { queues: 3 }), running(ALL)],
      /delete 3 queues on c2/,
    ],
    [
      'to prefer a node that lost its data and runs alone over a cluster that does not start because of it',
      [stopped(ALL, 'failed'), stopped(ALL, 'activating'), running('c3', { queues: 2 })],
      /c3 runs as a cluster of its own.* c1, c2 .*c3 holds 2 queues/,
    ],
    [
      'to move aside the data of a forgotten node with queues',
      [running('c1 c2'), running('c1 c2'), stopped(ALL, 'inactive', 5)],
      /has forgotten c3 \(inactive; files of 5 queues\)/,
    ],
    [
      'to move data aside while an unreachable member may still list the node',
      [running('c1 c2'), unreachable, stopped(ALL)],
      /has forgotten c3/,
    ],
    [
      'to move aside data in use',
      [running('c1 c2'), running('c1 c2'), { ...stopped(ALL, 'deactivating'), alive: true }],
      /has forgotten c3 \(deactivating, still running/,
    ],
    [
      'a running node that its cluster has forgotten',
      [running('c1 c2'), running('c1 c2'), running(ALL)],
      /c3 runs and remembers a cluster that has forgotten it/,
    ],
  ];
  it.each(cases)('%s', (_name, answers, reason) => {
    const decision = decide(...answers);
    expect(decision).toMatchObject({ verdict: 'refuse', reason: expect.stringMatching(reason) as string });
    expect(decision.evidence?.rows.length).toBeGreaterThanOrEqual(3);
  });
});
