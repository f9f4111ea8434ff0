import { describe, expect, it } from 'vitest';
import type { Silence } from '../../../src/operations/rabbitmq/scripts.ts';
import { inVhost, parseNode, type NodeObservation } from '../../../src/operations/rabbitmq/observe.ts';

const UNIT = 'ActiveState=active\nSubState=running\nUnitFileState=enabled\nnow=1795239339.2\n';
const ANSWER = `${UNIT}installed=yes
remembers={[rabbit@controller1,'rabbit@my-host'],[rabbit@controller1]}.
running\ttrue
version\t3.10.8
member\trabbit@controller1
member\trabbit@my-host
disc\trabbit@controller1
running_member\trabbit@controller1
partition\trabbit@my-host
alarm\t{{resource_limit,memory,rabbit@controller1},[]}
queues\t7
vhost\t/
vhost\t/demo
parameter\tcluster_name
parameter\tosha-made policy /demo ttl
user\topenstack\tadministrator monitoring
user\tplain\t
permission\t/\topenstack\t.*\ta\\.b\t^$
policy\t/\tha-all\t^(?!amq\\.).*\tqueues\t0\t{"ha-mode":"all"}
password\topenstack\tfalse
end\ttrue
`;

function parse(stdout: string): NodeObservation {
  return parseNode('rabbitmq-server', { stdout, stderr: '', exitCode: 0 });
}

describe('the observation of a node', () => {
  const observed = parse(ANSWER);

  it('reports its cluster and the members recorded on disc', () => {
    expect(observed.remembers).toEqual(['rabbit@controller1', 'rabbit@my-host']);
    expect(observed.node).toMatchObject({
      running: true,
      version: '3.10.8',
      members: ['rabbit@controller1', 'rabbit@my-host'],
      disc: ['rabbit@controller1'],
      runningMembers: ['rabbit@controller1'],
      partitions: ['rabbit@my-host'],
      alarms: ['{{resource_limit,memory,rabbit@controller1},[]}'],
      queues: 7,
    });
  });

  it('lists what osha created, and ignores other parameters', () => {
    expect(observed.node?.vhosts).toEqual(['/', '/demo']);
    expect(observed.node?.made).toEqual([{ kind: 'policy', vhost: '/demo', name: 'ttl' }]);
  });

  it('lists permissions, and whether passwords are right', () => {
    expect(observed.node?.users).toEqual(
      new Map([
        ['openstack', ['administrator', 'monitoring']],
        ['plain', []],
      ]),
    );
    expect(observed.node?.permissions.get(inVhost('/', 'openstack'))).toEqual({
      configure: '.*',
      write: 'a\\.b',
      read: '^$',
    });
    expect(observed.node?.policies.get(inVhost('/', 'ha-all'))).toEqual({
      pattern: '^(?!amq\\.).*',
      applyTo: 'queues',
      priority: 0,
      definition: { 'ha-mode': 'all' },
    });
    expect(observed.node?.passwords).toEqual(new Map([['openstack', false]]));
  });

  it('has no node where the node does not run', () => {
    expect(parse(`${UNIT}installed=yes\n`)).toMatchObject({
      node: undefined,
      silence: undefined,
      alive: false,
    });
  });

  it('has no queues where the broker is stopped', () => {
    expect(parse(`${UNIT}running\tfalse\nmember\trabbit@a\nend\ttrue\n`).node).toMatchObject({
      running: false,
      members: ['rabbit@a'],
    });
    expect(parse(`${UNIT}running\tfalse\nend\ttrue\n`).node?.queues).toBeUndefined();
  });

  it('tells a broker that paused itself from one that was stopped', () => {
    expect(parse(`${UNIT}running\tfalse\npaused\ttrue\nend\ttrue\n`).node).toMatchObject({ paused: true });
    expect(parse(`${UNIT}running\tfalse\npaused\tfalse\nend\ttrue\n`).node).toMatchObject({ paused: false });
  });

  it('reports data on disc, even where it cannot be read', () => {
    expect(parse(`${UNIT}data=yes\nkeeps=3\nremembers={[rabbit@a],[rabbit@a]}.\n`)).toMatchObject({
      data: true,
      keeps: 3,
      remembers: ['rabbit@a'],
    });
    expect(parse(`${UNIT}data=yes\nkeeps=0\nremembers=garbled\n`)).toMatchObject({
      data: true,
      remembers: undefined,
    });
  });
});

describe('a node that runs and does not answer', () => {
  const cases: readonly (readonly [string, string, Silence])[] = [
    [
      'has another cookie',
      'silence\trefused\tit refuses the Erlang cookie\nasked=0\n',
      { kind: 'refused', said: 'it refuses the Erlang cookie' },
    ],
    [
      'is not known to epmd',
      'silence\tunreachable\tepmd knows no node rabbit\nasked=0\n',
      { kind: 'unreachable', said: 'epmd knows no node rabbit' },
    ],
    ['answers too late', 'asked=124\n', { kind: 'slow', said: 'no answer in time' }],
    [
      'breaks off: half an answer would read as what it does not have',
      ANSWER.replace(UNIT, '').replace('end\ttrue\n', 'asked=137\n'),
      { kind: 'slow', said: 'its answer was cut short' },
    ],
    [
      'cannot be asked',
      'asked=1\n',
      { kind: 'slow', said: 'the program that asks it ended with exit code 1' },
    ],
  ];
  it.each(cases)('%s', (_name, lines, silence) => {
    expect(parse(`${UNIT}alive=yes\n${lines}`)).toMatchObject({ alive: true, node: undefined, silence });
  });
});
