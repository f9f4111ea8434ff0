import { describe, expect, it } from 'vitest';
import { inShort } from '../../../operations/clusters.ts';
import { unitReading } from '../../../operations/unit-states.ts';
import {
  decide,
  decideWithRam,
  fresh,
  holding,
  idle,
  nodes,
  notInstalled,
  outdated,
  running,
  type Said,
  silent,
  starting,
  stopped,
  unreachable,
  waiting,
} from '../../../operations/rabbitmq/observations.ts';

type Case = readonly [name: string, answers: readonly Said[], stages: readonly string[]];

const ALL = 'c1 c2 c3';
const ALONE = { runningMembers: nodes('c1 c2') };
const joinTo = (host: string, seed: string): string => `${host}: join the cluster of rabbit@${seed}`;
const START_ALL = 'c1: start rabbitmq + c2: start rabbitmq + c3: start rabbitmq';
const copying = (host: string): string => `${host}: start rabbitmq with its own copy of the cluster's data`;
const empty = (host: string): string => `${host}: start without its data, moved aside`;
const taken = (host: string, by: string): readonly string[] => [
  `${host}: stop the empty broker before it joins`,
  `${by}: forget rabbit@${host}`,
  joinTo(host, by),
];

describe('forming the cluster', () => {
  const cases: readonly Case[] = [
    [
      'new nodes start together and join the first, one at a time',
      [fresh, fresh, fresh],
      [START_ALL, joinTo('c2', 'c1'), joinTo('c3', 'c1')],
    ],
    [
      'hosts where nothing is installed yet keep their place in the order',
      [notInstalled, fresh, notInstalled],
      [START_ALL, joinTo('c2', 'c1'), joinTo('c3', 'c1')],
    ],
    [
      'nodes that run alone join the first',
      [running('c1'), running('c2'), running('c3')],
      [joinTo('c2', 'c1'), joinTo('c3', 'c1')],
    ],
    [
      'the others join a node with queues',
      [running('c1'), running('c2', { queues: 4 }), running('c3')],
      [joinTo('c1', 'c2'), joinTo('c3', 'c2')],
    ],
    [
      'no node joins before the data of a stopped node is known',
      [running('c1'), stopped('c2'), running('c3')],
      ['c2: start rabbitmq'],
    ],
    [
      'no node joins before the data of a node with a stopped broker is known',
      [running('c1'), idle('c2'), fresh],
      ['c2: start the broker + c3: start rabbitmq'],
    ],
    [
      'the others join a node with users of its own',
      [running('c1'), running('c2', { users: new Map([['nova', []]]) }), fresh],
      ['c3: start rabbitmq', joinTo('c1', 'c2'), joinTo('c3', 'c2')],
    ],
    [
      'a node whose join was interrupted has its broker started first',
      [running('c1 c2'), running('c1 c2'), idle('c3')],
      ['c3: start the broker'],
    ],
    ['a single node forms a cluster', [fresh], ['c1: start rabbitmq']],
    ['a single running node is converged', [running('c1')], ['converged']],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(...answers))).toEqual(stages);
  });
});

describe('keeping the cluster', () => {
  const cases: readonly Case[] = [
    ['nothing changes when all nodes run in it', [running(ALL), running(ALL), running(ALL)], ['converged']],
    [
      'a stopped member is started, and does not join',
      [running(ALL), stopped(ALL), running(ALL)],
      ['c2: start rabbitmq'],
    ],
    [
      'a starting member is started too, to wait for it',
      [running(ALL), stopped(ALL, 'activating'), running(ALL)],
      ['c2: start rabbitmq'],
    ],
    [
      'a member whose broker is stopped is started',
      [running(ALL), idle(ALL), running(ALL)],
      ['c2: start the broker'],
    ],
    [
      'stopped members are started even if another one does not answer',
      [running(ALL), silent(ALL), stopped(ALL)],
      ['c3: start rabbitmq'],
    ],
    [
      'a member that waits for its next start is started with the others',
      [stopped(ALL), stopped(ALL, 'activating'), stopped(ALL)],
      [START_ALL],
    ],
    [
      'a member that lost its data waits until the others run, which do not start while it disagrees',
      [stopped(ALL), stopped(ALL), fresh],
      ['c1: start rabbitmq + c2: start rabbitmq'],
    ],
    [
      'members with the same data continue without one that lost it',
      [holding(ALL, 'a'), holding(ALL, 'a'), fresh],
      [`${copying('c1')} + c2: start rabbitmq`],
    ],
    [
      'members with different data wait for each other',
      [holding(ALL, 'a'), holding(ALL, 'b'), fresh],
      ['c1: start rabbitmq + c2: start rabbitmq'],
    ],
    [
      'members with the same data continue without one that started without',
      [holding(ALL, 'a'), holding(ALL, 'a'), stopped('c3')],
      [`${copying('c1')} + c2: start rabbitmq`],
    ],
    [
      'members that wait already continue without one that lost its data',
      [waiting(ALL, 'a'), holding(ALL, 'a'), stopped('c3')],
      [`c1: start rabbitmq + ${copying('c2')}`],
    ],
    [
      'members that have just begun to start are waited for, before one starts from its own copy',
      [starting(ALL, 'a'), starting(ALL, 'a'), stopped('c3')],
      ['c1: wait until it answers or gives up + c2: wait until it answers or gives up'],
    ],
    [
      'a member that lost its data and is not stopped yet is not what the others wait for',
      [starting(ALL, 'a'), holding(ALL, 'a'), { ...stopped('c3'), alive: true }],
      ['c1: start rabbitmq + c2: start rabbitmq'],
    ],
    [
      'a member with the data of the cluster does not wait for those that lost it',
      [stopped('c1'), holding(ALL, 'a'), fresh],
      [copying('c2')],
    ],
    [
      'members wait for one that lost its data if the cluster has another node',
      [holding('c1 c2 c3 c4', 'a'), holding('c1 c2 c3 c4', 'a'), fresh],
      ['c1: start rabbitmq + c2: start rabbitmq'],
    ],
    [
      'an empty member that runs alone is stopped: the others, with the data, do not start while it disagrees',
      [holding(ALL, 'a'), stopped(ALL, 'activating'), running('c3')],
      ['c3: stop rabbitmq'],
    ],
    [
      'a member that ran alone waits for the others too',
      [stopped(ALL), stopped(ALL), stopped('c3')],
      ['c1: start rabbitmq + c2: start rabbitmq'],
    ],
    [
      'a member that ran alone is started once one of the others runs',
      [running(ALL), stopped(ALL), stopped('c3')],
      ['c2: start rabbitmq + c3: start rabbitmq'],
    ],
    [
      'a broker that runs outside its unit is a member like any other',
      [running(ALL), { ...running(ALL), unit: unitReading('f', 'inactive') }, running(ALL)],
      ['converged'],
    ],
    [
      'a memory alarm restarts nothing',
      [running(ALL, { alarms: ['memory'] }), running(ALL), running(ALL)],
      ['converged'],
    ],
    [
      'after a full outage, all members start at the same time',
      [stopped(ALL), stopped(ALL), stopped(ALL)],
      [START_ALL],
    ],
    [
      'a new node joins the cluster, even the first in the inventory',
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
      'a forgotten node waits until its cluster runs',
      [stopped('c1 c2'), stopped('c1 c2'), stopped(ALL)],
      ['c1: start rabbitmq + c2: start rabbitmq'],
    ],
    [
      'new nodes wait until a stopped cluster runs',
      [fresh, stopped('c2 c3'), stopped('c2 c3')],
      ['c2: start rabbitmq + c3: start rabbitmq'],
    ],
    ['unreachable members are left out', [running(ALL), unreachable, running(ALL)], ['converged']],
    [
      'a member joins even if another one is unreachable',
      [running('c1 c3'), fresh, unreachable],
      ['c2: start rabbitmq', joinTo('c2', 'c1')],
    ],
    [
      'members start even if another one is unreachable',
      [stopped(ALL), stopped(ALL), unreachable],
      ['c1: start rabbitmq + c2: start rabbitmq'],
    ],
    [
      'running nodes that the inventory does not list are left alone',
      [running('c1 c2 old'), running('c1 c2 old')],
      ['converged'],
    ],
    [
      'a stopped node that the inventory does not list is offered for removal',
      [running('c1 c2 old', ALONE), running('c1 c2 old', ALONE)],
      ['c1: forget rabbit@old'],
    ],
    [
      'a stopped node that the inventory does not list is left alone until all others run',
      [running('c1 c2 c3 old', ALONE), running('c1 c2 c3 old', ALONE), unreachable],
      ['converged'],
    ],
    [
      'brokers on an older configuration are restarted one at a time',
      [outdated(ALL), running(ALL), outdated(ALL)],
      ['c1: restart rabbitmq', 'c3: restart rabbitmq'],
    ],
    [
      'no node is restarted before all run',
      [outdated(ALL), stopped(ALL), running(ALL)],
      ['c2: start rabbitmq'],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(...answers))).toEqual(stages);
  });
});

describe('ram nodes', () => {
  const disc = (names: string): Said => running(ALL, { disc: nodes(names) });
  const toRam = (host: string): string => `${host}: keep its data in memory only`;
  const toDisc = (host: string): string => `${host}: keep its data on disc`;

  const cases: readonly (readonly [...Case, ram: readonly string[]])[] = [
    [
      'are left alone if they are as configured',
      [disc('c1'), disc('c1'), disc('c1')],
      ['converged'],
      ['c2', 'c3'],
    ],
    [
      'are changed one at a time',
      [running(ALL), running(ALL), running(ALL)],
      [toRam('c2'), toRam('c3')],
      ['c2', 'c3'],
    ],
    [
      'become disc nodes one at a time',
      [disc('c1'), disc('c1'), disc('c1')],
      [toDisc('c2'), toDisc('c3')],
      [],
    ],
    [
      'swap with disc nodes, those that become disc nodes first',
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

  it('join with their configured type, even the first one after it lost its data', () => {
    const script = (host: string, ...answers: readonly Said[]): string => {
      const decision = decideWithRam(['c2'], answers);
      const stages = decision.verdict === 'change' ? decision.stages.flat() : [];
      return stages.find(({ host: on, change }) => on === host && change.script.includes('join_cluster'))
        ?.change.script as string;
    };
    expect(script('c2', fresh, fresh)).toContain('join_cluster --ram rabbit@c1');
    expect(script('c1', running('c1'), running(ALL), running(ALL))).toContain('join_cluster rabbit@c2');
  });

  it('are not changed while a member is unreachable', () => {
    expect(decideWithRam(['c2'], [running(ALL), running(ALL), unreachable])).toMatchObject({
      verdict: 'refuse',
      reason:
        'cannot change where nodes keep their data (c2 should keep its data in memory) while c3 cannot be reached',
    });
  });
});

describe('the evidence', () => {
  it('has a row for each member, including nodes that the inventory does not list', () => {
    const { evidence } = decide(running('c1 old', { queues: 2 }), unreachable);
    expect(evidence?.rows).toEqual([
      ['c1', 'running', '3.10.8', 'c1 old', 'c1 old', '2', ''],
      ['c2', 'unreachable: no route to host', '', '', '', '', ''],
      ['rabbit@old', 'not in the inventory', '', '', '', '', ''],
    ]);
  });
});

describe('a node that the inventory does not list', () => {
  it('is forgotten only by a run that prunes', () => {
    const decision = decide(running('c1 c2 old', ALONE), running('c1 c2 old', ALONE));
    const changes = decision.verdict === 'change' ? decision.stages.flat() : [];
    expect(changes.map(({ change }) => change.prunes)).toEqual([true]);
  });
});
