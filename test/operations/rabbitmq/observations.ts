import { decideMembers } from '../../../playbooks/rabbitmq/cluster/decide.ts';
import { membersOf, type Member } from '../../../playbooks/rabbitmq/cluster/members.ts';
import type { NodeObservation, NodeStatus } from '../../../src/operations/rabbitmq/observe.ts';
import type { Silence } from '../../../src/operations/rabbitmq/scripts.ts';
import { platformOf } from '../../../src/platform/index.ts';
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
    paused: false,
    version: '3.10.8',
    members: nodes(members),
    disc: nodes(members),
    runningMembers: nodes(members),
    partitions: [],
    alarms: [],
    queues: 0,
    connections: 0,
    vhosts: ['/'],
    made: [],
    users: new Map(),
    permissions: new Map(),
    policies: new Map(),
    passwords: new Map(),
    ...overrides,
  };
}

const onDisc = (members: string): Said & object => ({ data: true, remembers: nodes(members), keeps: 0 });

/** Runs as one of `members`. */
export function running(members: string, overrides: Partial<NodeStatus> = {}): Said & object {
  return { ...onDisc(members), unit: unit('active'), alive: true, node: status(members, overrides) };
}

export function outdated(members: string, overrides: Partial<NodeStatus> = {}): Said {
  return { ...running(members, overrides), unit: unit('active', STARTED_AT + 5) };
}

/** Its Erlang node is up, the broker in it is not. */
export function idle(members: string, overrides: Partial<NodeStatus> = {}): Said & object {
  return running(members, {
    running: false,
    runningMembers: [],
    queues: undefined,
    connections: undefined,
    users: new Map(),
    ...overrides,
  });
}

/** It runs, and does not answer. */
export function silent(members: string, kind: Silence['kind'] = 'refused'): Said {
  return {
    ...onDisc(members),
    unit: unit('active'),
    alive: true,
    silence: { kind, said: `it is ${kind}` },
  };
}

/** Not running; it remembers that it was one of `members`. */
export function stopped(members: string, active = 'inactive', keeps = 0): Said & object {
  return { ...onDisc(members), unit: unit(active), keeps };
}

/** Not running; `definitions` is the digest of its copy of the cluster's users, policies and queues. */
export function holding(members: string, definitions: string): Said & object {
  return { ...stopped(members), definitions };
}

/** It has just begun to start, and does not answer yet. */
export function starting(members: string, definitions: string): Said & object {
  return { ...holding(members, definitions), unit: { ...unit('activating'), sub: 'start' } };
}

/** It starts, and waits for other nodes. */
export function waiting(members: string, definitions: string): Said & object {
  return { ...idle(members), unit: unit('activating'), definitions };
}

export const fresh: Said = {};
export const notInstalled: Said = { installed: false };
export const unreachable: Said = 'no route to host';

/** The members c1, c2, ... as they answered. */
export function membersThat(...all: readonly Said[]): readonly Member[] {
  const { hosts, answers } = asked('c', all, (said): NodeObservation => ({
    installed: true,
    unit: unit('inactive'),
    alive: false,
    data: false,
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
    platform: platformOf('debian-12'),
    members: answers.length,
    typeOf: (host) => (ram.includes(host) ? 'ram' : 'disc'),
  });
}
