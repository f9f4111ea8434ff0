import { describe, expect, it } from 'vitest';
import { inShort } from '../../../operations/clusters.ts';
import { unitReading } from '../../../operations/unit-states.ts';
import {
  decide,
  decideWithRam,
  fresh,
  idle,
  nodes,
  notInstalled,
  outdated,
  running,
  type Said,
  silent,
  stopped,
  unreachable,
} from '../../../operations/rabbitmq/observations.ts';

type Case = readonly [name: string, answers: readonly Said[], stages: readonly string[]];

const ALL = 'c1 c2 c3';
const joinTo = (host: string, seed: string): string => `${host}: join the cluster of rabbit@${seed}`;
const START_ALL = 'c1: start rabbitmq + c2: start rabbitmq + c3: start rabbitmq';
const empty = (host: string): string =>
  `${host}: start without its data, which has no queue: its cluster has forgotten it`;
const taken = (host: string, by: string): readonly string[] => [
  `${host}: stop the empty broker, which is to join`,
  `${by}: forget rabbit@${host}, which lost its data`,
  joinTo(host, by),
];

describe('forming the cluster', () => {
  const cases: readonly Case[] = [
    [
      'fresh nodes start together and join the first, one by one',
      [fresh, fresh, fresh],
      [START_ALL, joinTo('c2', 'c1'), joinTo('c3', 'c1')],
    ],
    [
      'hosts where nothing is installed yet come in turn',
      [notInstalled, fresh, notInstalled],
      [START_ALL, joinTo('c2', 'c1'), joinTo('c3', 'c1')],
    ],
    [
      'nodes that run by themselves join the first',
      [running('c1'), running('c2'), running('c3')],
      [joinTo('c2', 'c1'), joinTo('c3', 'c1')],
    ],
    [
      'a node with queues is the one that others join',
      [running('c1'), running('c2', { queues: 4 }), running('c3')],
      [joinTo('c1', 'c2'), joinTo('c3', 'c2')],
    ],
    [
      'nobody joins before it is known what a stopped node holds',
      [running('c1'), stopped('c2'), running('c3')],
      ['c2: start rabbitmq'],
    ],
    [
      'nor what one with its broker stopped holds',
      [running('c1'), idle('c2'), fresh],
      ['c2: start the broker + c3: start rabbitmq'],
    ],
    [
      'a node with users of its own is the one that others join',
      [running('c1'), running('c2', { users: new Map([['nova', []]]) }), fresh],
      ['c3: start rabbitmq', joinTo('c1', 'c2'), joinTo('c3', 'c2')],
    ],
    [
      'a node whose join was broken off joins',
      [running('c1 c2'), running('c1 c2'), idle('c3')],
      ['c3: start the broker'],
    ],
    ['one node is a cluster too', [fresh], ['c1: start rabbitmq']],
    ['one node that runs is done', [running('c1')], ['converged']],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(...answers))).toEqual(stages);
  });
});

describe('keeping the cluster', () => {
  const cases: readonly Case[] = [
    ['nothing is done when all run in it', [running(ALL), running(ALL), running(ALL)], ['converged']],
    [
      'a member that stopped is started, and joins nothing',
      [running(ALL), stopped(ALL), running(ALL)],
      ['c2: start rabbitmq'],
    ],
    [
      'one that is starting is started along',
      [running(ALL), stopped(ALL, 'activating'), running(ALL)],
      ['c2: start rabbitmq'],
    ],
    [
      'a member whose broker is stopped is started',
      [running(ALL), idle(ALL), running(ALL)],
      ['c2: start the broker'],
    ],
    [
      'members that stopped are started though another does not answer',
      [running(ALL), silent(ALL), stopped(ALL)],
      ['c3: start rabbitmq'],
    ],
    [
      'one that waits for its next start is started along',
      [stopped(ALL), stopped(ALL, 'activating'), stopped(ALL)],
      [START_ALL],
    ],
    [
      'a member that lost its data waits until the others run: they do not start while it disagrees',
      [stopped(ALL), stopped(ALL), fresh],
      ['c1: start rabbitmq + c2: start rabbitmq'],
    ],
    [
      'one that ran alone waits for them too',
      [stopped(ALL), stopped(ALL), stopped('c3')],
      ['c1: start rabbitmq + c2: start rabbitmq'],
    ],
    [
      'and is started when one of them runs',
      [running(ALL), stopped(ALL), stopped('c3')],
      ['c2: start rabbitmq + c3: start rabbitmq'],
    ],
    [
      'a broker that runs outside of its unit is a member like others',
      [running(ALL), { ...running(ALL), unit: unitReading('f', 'inactive') }, running(ALL)],
      ['converged'],
    ],
    [
      'a memory alarm is no reason to restart anything',
      [running(ALL, { alarms: ['memory'] }), running(ALL), running(ALL)],
      ['converged'],
    ],
    [
      'after an outage of all, all start at the same time',
      [stopped(ALL), stopped(ALL), stopped(ALL)],
      [START_ALL],
    ],
    [
      'a node that is new joins the cluster, also the first of the inventory',
      [fresh, running('c2 c3'), running('c2 c3')],
      ['c1: start rabbitmq', joinTo('c1', 'c2')],
    ],
    [
      'a node that left joins again',
      [running('c1 c3'), running('c2'), running('c1 c3')],
      [joinTo('c2', 'c1')],
    ],
    [
      'a running node that lost its data is forgotten, then joins',
      [running(ALL), running('c2'), running(ALL)],
      taken('c2', 'c1'),
    ],
    [
      'a stopped node that lost its data is forgotten, then joins',
      [running(ALL), running(ALL), fresh],
      ['c3: start rabbitmq', ...taken('c3', 'c1')],
    ],
    [
      'a forgotten node starts without its data',
      [running('c1 c2'), running('c1 c2'), stopped(ALL)],
      [empty('c3')],
    ],
    [
      'a forgotten node waits until its cluster is up',
      [stopped('c1 c2'), stopped('c1 c2'), stopped(ALL)],
      ['c1: start rabbitmq + c2: start rabbitmq'],
    ],
    [
      'new nodes wait until a cluster that sleeps is up',
      [fresh, stopped('c2 c3'), stopped('c2 c3')],
      ['c2: start rabbitmq + c3: start rabbitmq'],
    ],
    ['those that cannot be reached are left out', [running(ALL), unreachable, running(ALL)], ['converged']],
    [
      'one joins though another cannot be reached',
      [running('c1 c3'), fresh, unreachable],
      ['c2: start rabbitmq', joinTo('c2', 'c1')],
    ],
    [
      'a member starts though another cannot be reached',
      [stopped(ALL), stopped(ALL), unreachable],
      ['c1: start rabbitmq + c2: start rabbitmq'],
    ],
    [
      'members that the inventory does not name are left alone',
      [running('c1 c2 old'), running('c1 c2 old')],
      ['converged'],
    ],
    [
      'brokers with an older configuration are restarted one by one',
      [outdated(ALL), running(ALL), outdated(ALL)],
      ['c1: restart rabbitmq', 'c3: restart rabbitmq'],
    ],
    [
      'nobody is restarted before all run',
      [outdated(ALL), stopped(ALL), running(ALL)],
      ['c2: start rabbitmq'],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(...answers))).toEqual(stages);
  });
});

describe('nodes in memory', () => {
  const disc = (names: string): Said => running(ALL, { disc: nodes(names) });
  const toRam = (host: string): string => `${host}: keep its data in memory only`;
  const toDisc = (host: string): string => `${host}: keep its data on disc`;

  const cases: readonly (readonly [...Case, ram: readonly string[]])[] = [
    [
      'are left alone where they are right',
      [disc('c1'), disc('c1'), disc('c1')],
      ['converged'],
      ['c2', 'c3'],
    ],
    [
      'are changed one by one',
      [running(ALL), running(ALL), running(ALL)],
      [toRam('c2'), toRam('c3')],
      ['c2', 'c3'],
    ],
    ['go back to disc one by one', [disc('c1'), disc('c1'), disc('c1')], [toDisc('c2'), toDisc('c3')], []],
    [
      'leave their place to others: to disc first, so that one is always there',
      [disc('c1'), disc('c1'), disc('c1')],
      [toDisc('c2'), toRam('c1')],
      ['c1', 'c3'],
    ],
    ['wait until all run', [running(ALL), stopped(ALL), running(ALL)], ['c2: start rabbitmq'], ['c3']],
    [
      'wait for restarts on a newer configuration',
      [outdated(ALL), running(ALL), running(ALL)],
      ['c1: restart rabbitmq'],
      ['c3'],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages, ram) => {
    expect(inShort(decideWithRam(ram, answers))).toEqual(stages);
  });

  it('join as what they are to be, also the first one when it lost its data', () => {
    const script = (host: string, ...answers: readonly Said[]): string => {
      const decision = decideWithRam(['c2'], answers);
      const stages = decision.verdict === 'change' ? decision.stages.flat() : [];
      return stages.find(({ host: on, change }) => on === host && change.script.includes('join_cluster'))
        ?.change.script as string;
    };
    expect(script('c2', fresh, fresh)).toContain('join_cluster --ram rabbit@c1');
    expect(script('c1', running('c1'), running(ALL), running(ALL))).toContain('join_cluster rabbit@c2');
  });

  it('are not changed while a member cannot be reached', () => {
    expect(decideWithRam(['c2'], [running(ALL), running(ALL), unreachable])).toMatchObject({
      verdict: 'refuse',
      reason: 'c2 should keep its data in memory, and the cluster cannot spare it while c3 cannot be reached',
    });
  });
});

describe('the evidence', () => {
  it('has a row for each member, and for nodes that the inventory does not name', () => {
    const { evidence } = decide(running('c1 old', { queues: 2 }), unreachable);
    expect(evidence?.rows).toEqual([
      ['c1', 'running', '3.10.8', 'c1 old', 'c1 old', '2', ''],
      ['c2', 'unreachable: no route to host', '', '', '', '', ''],
      ['rabbit@old', 'not in the inventory: left alone', '', '', '', '', ''],
    ]);
  });
});
