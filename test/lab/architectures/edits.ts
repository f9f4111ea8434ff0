import type { Document } from 'yaml';

/** A changed value of an inventory, and the resulting changes on the hosts. */
export interface Edit {
  readonly architecture: string;
  readonly title: string;
  readonly edit: (document: Document) => void;
  /** Patterns for `host: phase: summary`: every change matches one, and each matches a change. */
  readonly changes: readonly RegExp[];
}

/** An addition that can be removed again. */
export interface Addition extends Edit {
  /** The report when the inventory no longer lists it: one item, once. */
  readonly prunable: RegExp;
}

export const EDITS: readonly Edit[] = [
  {
    architecture: 'three-controllers',
    title: "a new interval of Pacemaker's monitors changes nothing else",
    edit: (document) => document.setIn(['pacemaker', 'monitor_seconds'], 15),
    changes: [
      /: pacemaker: .*haproxy.*monitor/,
      /: pacemaker: .*vip-api.*monitor/,
      /: pacemaker: .*vip-database.*monitor/,
    ],
  },
  {
    architecture: 'separate-load-balancers',
    title: 'a new interval of keepalived’s checks changes nothing else, without a restart',
    edit: (document) => document.setIn(['keepalived', 'check', 'interval_seconds'], 3),
    changes: ['balancer1', 'balancer2', 'controller1', 'controller2', 'controller3'].flatMap((host) => [
      new RegExp(`^${host}: keepalived: change \\S*/keepalived\\.conf`),
      new RegExp(`^${host}: keepalived: reload keepalived`),
    ]),
  },
  {
    architecture: 'separate-load-balancers',
    title: 'new priorities of one virtual IP change nothing else',
    edit: (document) => document.setIn(['vips', 'api', 'on'], ['balancer2', 'balancer1']),
    changes: ['balancer1', 'balancer2'].flatMap((host) => [
      new RegExp(`^${host}: keepalived: change \\S*/keepalived\\.conf`),
      new RegExp(`^${host}: keepalived: reload keepalived`),
    ]),
  },
];

export const ADDITIONS: readonly Addition[] = [
  {
    architecture: 'three-controllers',
    title: 'one more RabbitMQ policy is one change',
    edit: (document) =>
      document.setIn(['rabbitmq', 'policies', 'short-lived'], {
        pattern: '^short\\.',
        definition: { 'message-ttl': 60000 },
      }),
    changes: [/: rabbitmq: set policy short-lived/],
    prunable: /: rabbitmq: (clear|delete) policy short-lived/,
  },
  {
    architecture: 'three-controllers',
    title: 'one more virtual IP',
    edit: (document) =>
      document.setIn(['vips', 'more'], { address: '172.29.77.24/24', interface: 'eth0', by: 'pacemaker' }),
    changes: [
      ...['controller1', 'controller2', 'controller3'].flatMap((host) => [
        new RegExp(`^${host}: base: change /etc/hosts`),
        new RegExp(`^${host}: haproxy: change \\S*/haproxy\\.cfg`),
        new RegExp(`^${host}: haproxy: reload haproxy`),
      ]),
      /: pacemaker: create vip-more/,
    ],
    prunable: /: pacemaker: .*vip-more/,
  },
];
