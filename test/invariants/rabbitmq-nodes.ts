import type { NodeObservation, NodeStatus } from '../../src/operations/rabbitmq/observe.ts';
import type { Answer } from '../../src/playbook/operation.ts';
import type { UnitState } from '../../src/operations/unit-state.ts';
import { platformOf } from '../../src/platform/index.ts';
import { aHost } from '../support/inventory.ts';

export const NODES = [0, 1, 2] as const;
export const HOSTS = NODES.map((node) => aHost(`c${node + 1}`));
export const NAMES = NODES.map((node) => `rabbit@c${node + 1}`);
export const ALL = 0b111;
export const platform = platformOf('debian-12');

export const bit = (node: number): number => 1 << node;
export const namesIn = (mask: number): readonly string[] => NAMES.filter((_, node) => mask & bit(node));

/** The contents of a node's disk. */
export interface Data {
  /** The members of its cluster that it knows. */
  view: number;
  /** Those members that are disc nodes. */
  disc: number;
  /** Acknowledged messages, as bits. */
  messages: number;
  /** Nodes that ran when it last stopped: it waits for one of them on start. */
  ranWith: number;
}

export interface Node {
  state: 'running' | 'idle' | 'paused' | 'down' | 'failed' | 'waiting';
  data: Data | undefined;
  /** Serves, but does not answer osha. */
  hung: boolean;
  /** The host is unreachable for osha. */
  away: boolean;
  outdated: boolean;
}

/** A small RabbitMQ: three nodes that start, wait, refuse, forget and are observed like real ones. */
export class Nodes {
  readonly nodes: readonly Node[];
  /** The node that is disconnected from the others, or -1. */
  partitioned = -1;

  /** `blank`: new hosts; else a running cluster of three. */
  constructor(from: 'blank' | 'cluster') {
    const isBlank = from === 'blank';
    this.nodes = NODES.map(() => ({
      state: isBlank ? 'down' : 'running',
      data: isBlank ? undefined : { view: ALL, disc: ALL, messages: 0, ranWith: ALL },
      hung: false,
      away: false,
      outdated: false,
    }));
  }

  protected node(index: number): Node {
    const node = this.nodes[index];
    if (!node) throw new Error(`no node ${index}`);
    return node;
  }

  /** Running nodes in the same cluster as `index`, including itself. */
  groupOf(index: number): number {
    const view = this.node(index).data?.view ?? 0;
    return NODES.reduce<number>((mask, other) => {
      const { state, data } = this.node(other);
      return state === 'running' && data && view & bit(other) && data.view & bit(index)
        ? mask | bit(other)
        : mask;
    }, 0);
  }

  protected blank(index: number): Data {
    return { view: bit(index), disc: bit(index), messages: 0, ranWith: bit(index) };
  }

  protected stop(index: number, state: 'down' | 'failed'): void {
    const node = this.node(index);
    const group = this.groupOf(index);
    if (node.state === 'running' && node.data) node.data.ranWith = group;
    node.state = state;
    node.hung = false;
    if (this.partitioned === index) this.partitioned = -1;
  }

  protected forgetIn(group: number, index: number): void {
    for (const each of NODES) {
      const { data } = this.node(each);
      if (group & bit(each) && each !== index && data) {
        data.view &= ~bit(index);
        data.disc &= ~bit(index);
      }
    }
  }

  /** Starts nodes, or their brokers, concurrently. Returns whether all of them run afterwards. */
  protected start(indexes: readonly number[]): boolean {
    for (const index of indexes) {
      const node = this.node(index);
      if (node.state === 'running' || node.state === 'paused') continue;
      node.state = 'waiting';
      node.outdated = false;
      node.data ??= this.blank(index);
    }
    for (let again = true; again;) {
      again = false;
      for (const index of NODES) if (this.node(index).state === 'waiting' && this.boots(index)) again = true;
    }
    for (const index of indexes) if (this.node(index).state === 'waiting') this.node(index).state = 'failed';
    return indexes.every((index) => this.node(index).state === 'running');
  }

  /** Whether a starting node comes up, given the running nodes and those starting with it. */
  protected boots(index: number): boolean {
    const node = this.node(index);
    const { data } = node;
    if (!data) return false;
    const others = NODES.filter((other) => other !== index && data.view & bit(other));
    const running = others.filter((other) => this.node(other).state === 'running');
    const accepting = running.find((other) => (this.node(other).data?.view ?? 0) & bit(index));
    // "thinks it's clustered with ..., but ... disagrees"
    if (accepting === undefined && running.length > 0) return false;
    const awaited = others.filter((other) => data.ranWith & bit(other));
    const together = awaited.some((other) => {
      const { state, data: theirs } = this.node(other);
      return state === 'waiting' && theirs !== undefined && theirs.view & bit(index);
    });
    if (accepting === undefined && awaited.length > 0 && !together) return false;
    node.state = 'running';
    const peer = accepting === undefined ? undefined : this.node(accepting).data;
    if (peer) {
      data.view = peer.view;
      data.disc = peer.disc;
      data.messages |= peer.messages;
    }
    data.ranWith = this.groupOf(index);
    for (const other of NODES) {
      const theirs = this.node(other).data;
      if (this.groupOf(index) & bit(other) && theirs) {
        theirs.messages |= data.messages;
        theirs.ranWith |= bit(index);
      }
    }
    return true;
  }

  /** The observation that osha would make. */
  observe(): ReadonlyMap<string, Answer<NodeObservation>> {
    return new Map(
      HOSTS.map((host, index): [string, Answer<NodeObservation>] => {
        const node = this.node(index);
        if (node.away) return [host.name, { reachable: false, reason: 'no route to host' }];
        const up = node.state === 'running' || node.state === 'idle' || node.state === 'paused';
        const { data } = node;
        return [
          host.name,
          {
            reachable: true,
            observed: {
              installed: true,
              unit: units[up ? 'active' : node.state === 'failed' ? 'failed' : 'inactive'][
                node.outdated ? 1 : 0
              ],
              alive: up,
              node: up && !node.hung && data ? this.statusOf(index, node, data) : undefined,
              silence: node.hung ? { kind: 'slow', said: 'no answer within 7 s' } : undefined,
              data: data !== undefined,
              remembers: data ? namesIn(data.view) : undefined,
              keeps: data ? held(data) : undefined,
              definitions: !up && data && data.view & ~bit(index) ? String(data.messages) : undefined,
            },
          },
        ];
      }),
    );
  }

  protected statusOf(index: number, node: Node, data: Data): NodeStatus {
    const running = node.state === 'running';
    return {
      ...BARE,
      running,
      paused: node.state === 'paused',
      members: namesIn(data.view),
      disc: namesIn(data.disc),
      runningMembers: running ? namesIn(this.groupOf(index)) : [],
      queues: running ? held(data) : undefined,
      connections: running ? 0 : undefined,
    };
  }

  /** A key of everything that an observation depends on. */
  protected key(): string {
    let key = '';
    for (const node of NODES) {
      const { state, data, hung, away, outdated } = this.node(node);
      key += `${state}${hung ? 'h' : ''}${away ? 'a' : ''}${outdated ? 'o' : ''}`;
      const same = this.nodes.findIndex((other) => other.data?.messages === data?.messages);
      if (data)
        key += `${data.view}.${data.disc}.${data.messages === 0 ? 0 : 1}.${same}.${this.groupOf(node)};`;
    }
    return key;
  }
}

/** A single queue holds all messages. */
function held(data: Data): number {
  return data.messages === 0 ? 0 : 1;
}

const FILE = platform.paths.rabbitmqConf;

function unit(active: string, changedAt: number): UnitState {
  return {
    active,
    sub: '',
    masked: false,
    isInstalled: true,
    boot: 'enabled',
    startedAt: 1000,
    reloadFailed: false,
    managed: false,
    now: 2000,
    changed: new Map([[FILE, changedAt]]),
  };
}

const both = (active: string): readonly [UnitState, UnitState] => [unit(active, 990), unit(active, 1005)];
export const units = { active: both('active'), inactive: both('inactive'), failed: both('failed') } as const;

export const BARE: NodeStatus = {
  running: true,
  paused: false,
  version: '3.10.8',
  members: [],
  disc: [],
  runningMembers: [],
  partitions: [],
  alarms: [],
  queues: 0,
  connections: 0,
  vhosts: ['/'],
  made: [],
  users: new Map([['guest', ['administrator']]]),
  permissions: new Map(),
  policies: new Map(),
  passwords: new Map(),
};
