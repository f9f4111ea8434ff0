import { describe, expect, it } from 'vitest';
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

describe('what a node answers', () => {
  const observed = parse(ANSWER);

  it('says of which cluster it is, and what it remembers on disc', () => {
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

  it('says what osha made, and nothing of other parameters', () => {
    expect(observed.node?.vhosts).toEqual(['/', '/demo']);
    expect(observed.node?.made).toEqual([{ kind: 'policy', vhost: '/demo', name: 'ttl' }]);
  });

  it('says who may do what, and whether passwords are right', () => {
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

  it('is nothing where the node does not answer', () => {
    expect(parse(`${UNIT}installed=yes\n`).node).toBeUndefined();
  });

  it('has no queues where the broker is stopped', () => {
    expect(parse(`${UNIT}running\tfalse\nmember\trabbit@a\nend\ttrue\n`).node).toMatchObject({
      running: false,
      members: ['rabbit@a'],
    });
    expect(parse(`${UNIT}running\tfalse\nend\ttrue\n`).node?.queues).toBeUndefined();
  });

  it('is not taken for silence where it broke off: a silent node is restarted', () => {
    expect(() => parse(ANSWER.replace('end\ttrue\n', ''))).toThrow('broke off');
  });
});
