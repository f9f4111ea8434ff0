import { decideMembers } from '../../../src/operations/rabbitmq/decide.ts';
import { membersOf, type Member } from '../../../src/operations/rabbitmq/members.ts';
import type { NodeObservation, NodeStatus } from '../../../src/operations/rabbitmq/observe.ts';
import type { UnitState } from '../../../src/operations/unit-state.ts';
import type { ClusterDecision } from '../../../src/playbook/operation.ts';
import { asked } from '../clusters.ts';
import { STARTED_AT, unitReading } from '../unit-states.ts';

/** What one member answers, or why it does not answer. */
export type Said = Partial<NodeObservation> | string;

const unit = (active: string, changedAt?: number): UnitState =>
  unitReading('/etc/rabbitmq/rabbitmq.conf', active, changedAt);

/** `rabbit@c1`, ... of `'c1 c2'`. */
export function nodes(names: string): readonly string[] {
  return names.split(' ').map((name) => `rabbit@${name}`);
}

export function status(members: string, overrides: Partial<NodeStatus> = {}): NodeStatus {
  return {
    running: true,
    version: '3.10.8',
    members: nodes(members),
    disc: nodes(members),
    runningMembers: nodes(members),
    partitions: [],
    alarms: [],
    queues: 0,
    vhosts: ['/'],
    made: [],
    users: new Map(),
    permissions: new Map(),
    policies: new Map(),
    passwords: new Map(),
    ...overrides,
  };
}

/** Runs as one of `members`. */
export function running(members: string, overrides: Partial<NodeStatus> = {}): Said {
  return { unit: unit('active'), node: status(members, overrides), remembers: nodes(members) };
}

export function outdated(members: string): Said {
  return { unit: unit('active', STARTED_AT + 5), node: status(members), remembers: nodes(members) };
}

/** Its Erlang node is up, the broker in it is not. */
export function idle(members: string): Said {
  const node: NodeStatus = {
    running: false,
    version: '3.10.8',
    members: nodes(members),
    disc: nodes(members),
    runningMembers: [],
    partitions: [],
    alarms: [],
    vhosts: ['/'],
    made: [],
    users: new Map(),
    permissions: new Map(),
    policies: new Map(),
    passwords: new Map(),
  };
  return { unit: unit('active'), node, remembers: nodes(members) };
}

/** Its unit is active, and it does not answer. */
export function silent(members: string): Said {
  return { unit: unit('active'), remembers: nodes(members) };
}

/** Not running; it remembers that it was one of `members`. */
export function stopped(members: string, active = 'inactive'): Said {
  return { unit: unit(active), remembers: nodes(members) };
}

export const fresh: Said = {};
export const notInstalled: Said = { installed: false };
export const unreachable: Said = 'no route to host';

/** The members c1, c2, ... as they answered. */
export function membersThat(...all: readonly Said[]): readonly Member[] {
  const { hosts, answers } = asked('c', all, (said): NodeObservation => ({
    installed: true,
    unit: unit('inactive'),
    ...said,
  }));
  return membersOf(hosts, answers);
}

export function decide(...answers: readonly Said[]): ClusterDecision {
  return decideWithRam([], answers);
}

/** With those of the hosts c1, c2, ... that keep their data in memory. */
export function decideWithRam(ram: readonly string[], answers: readonly Said[]): ClusterDecision {
  return decideMembers(membersThat(...answers), {
    unit: 'rabbitmq-server',
    members: answers.length,
    kindOf: (host) => (ram.includes(host) ? 'ram' : 'disc'),
    dataDirectory: (host) => `/var/lib/rabbitmq/mnesia/rabbit@${host}`,
  });
}
