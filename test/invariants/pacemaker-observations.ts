import type { CorosyncConf } from '../../playbooks/pacemaker/cluster/corosync-conf.ts';
import type { DesiredResource, DesiredResources } from '../../playbooks/pacemaker/cluster/desired.ts';
import type { HandoverState } from '../../playbooks/pacemaker/cluster/handover.ts';
import type { MemberState } from '../../playbooks/pacemaker/cluster/member-state.ts';
import type { ResourceState, Monitor, Cib } from '../../playbooks/pacemaker/cluster/resource-state.ts';
import type { Answer, Answers } from '../../src/playbook/operation.ts';
import { ACCEPTS, HOSTS, KNOWS, NOBODY, SHIPPED } from './pacemaker-world.ts';

/** Mixed-radix digits of a number, last first: an integer encodes an observation, and shrinks to a small one. */
export function digits(value: number, bases: readonly number[]): readonly number[] {
  let rest = value;
  return bases.map((base) => {
    const digit = rest % base;
    rest = Math.floor(rest / base);
    return digit;
  });
}

/** The number of observations with these digits. */
export function count(bases: readonly number[]): number {
  return bases.reduce((product, base) => product * base, 1);
}

function conf(clusterName: string, uuid: string, names = HOSTS.map(({ name }) => name)): CorosyncConf {
  return {
    clusterName,
    clusterUuid: uuid,
    transport: { kind: 'knet' },
    nodes: HOSTS.filter(({ name }) => names.includes(name)).map(({ name, address }) => ({ name, address })),
  };
}

const LAB = conf('lab', 'one');
const LOOPBACK = { ...LAB, nodes: [{ name: 'c1', address: '127.0.0.1' }] };
const REST: MemberState = { pacemaker: false, knows: KNOWS, accepts: new Set() };
const RUNS: MemberState = { ...REST, conf: LAB, runs: 'lab', joined: 3, pacemaker: true, resources: 3 };

/** All answers of a member about its cluster; the first is no answer. */
const SAID: readonly (MemberState | undefined)[] = [
  undefined,
  REST,
  { ...REST, knows: NOBODY },
  { ...REST, pacemaker: true },
  { ...REST, runs: '' },
  { ...REST, runs: 'lab', joined: 2, pacemaker: true },
  { ...REST, resources: 3, cibName: 'lab', cibNodes: 3 },
  { ...REST, resources: 3, cibName: 'other', cibNodes: 2 },
  { ...REST, resources: 0, cibNodes: 3 },
  { ...REST, conf: SHIPPED },
  { ...REST, conf: SHIPPED, runs: 'debian', joined: 1, pacemaker: true, resources: 0, cibNodes: 1 },
  { ...REST, conf: SHIPPED, runs: 'lab', joined: 1, pacemaker: true },
  { ...REST, conf: SHIPPED, runs: 'debian', joined: 3, pacemaker: true },
  { ...REST, conf: SHIPPED, runs: '', pacemaker: true },
  { ...REST, conf: SHIPPED, resources: 2 },
  { ...REST, conf: SHIPPED, pacemaker: true },
  { ...REST, conf: LAB },
  { ...REST, conf: conf('lab', 'one', ['c1', 'c2']) },
  { ...REST, conf: conf('lab', 'two', ['c3']), runs: 'lab', joined: 1, pacemaker: true },
  { ...REST, conf: conf('other', 'two'), runs: 'other', joined: 2, pacemaker: true },
  { ...REST, conf: LOOPBACK },
  RUNS,
  { ...RUNS, knows: NOBODY },
  { ...RUNS, joined: 1 },
  { ...RUNS, conf: conf('lab', 'one', ['c1', 'c2']), joined: 2 },
  { ...RUNS, runs: '', joined: undefined },
  { ...RUNS, pacemaker: false },
  { ...RUNS, runs: 'old' },
];

const ANSWERS: readonly (readonly Answer<MemberState>[])[] = HOSTS.map(({ name }) =>
  SAID.map((said) =>
    said === undefined
      ? { reachable: false, reason: 'no route' }
      : { reachable: true, observed: { ...said, accepts: ACCEPTS.get(name) ?? said.accepts } },
  ),
);

export const MEMBERS = [SAID.length, SAID.length, SAID.length];

/** The answers of three members. */
export function membersOf(value: number): Answers<MemberState> {
  const kinds = digits(value, MEMBERS);
  return new Map(
    HOSTS.map(({ name }, index): [string, Answer<MemberState>] => [
      name,
      ANSWERS[index]?.[kinds[index] ?? 0] ?? { reachable: false, reason: 'no route' },
    ]),
  );
}

const NAMES = HOSTS.map(({ name }) => name);
const CONDITIONS = [
  'online',
  'standby',
  'maintenance',
  'pending',
  'offline',
  'unclean',
  'standby on failure',
];
const ADDRESSES = ['192.0.2.20', '192.0.2.21', '192.0.2.22'];
const AGENTS = ['ocf:heartbeat:IPaddr2', 'ocf:somebody:IPaddr'];

/** Conditions of members, quorum, holds; then of both virtual IPs: address, agent, whether osha made it; then fencing. */
export const CLUSTER = [7, 7, 7, 2, 2, 2, 2, 4, 2, 2, 4, 2, 2, 2, 2, 3, 3];

function vip(name: string, ip: string): DesiredResource {
  return {
    id: `vip-${name}`,
    agent: 'ocf:heartbeat:IPaddr2',
    options: { ip },
    monitorSeconds: 10,
  };
}

/** What a cluster runs, its settings, and what it should run. */
export function clusterOf(value: number): {
  readonly state: ResourceState;
  readonly desired: DesiredResources;
} {
  const [a = 0, b = 0, c = 0, quorate = 0, maintenance = 0, stopsAll = 0, unmanaged = 0, ...rest] = digits(
    value,
    CLUSTER,
  );
  const [ip1 = 0, agent1 = 0, made1 = 0, ip2 = 0, agent2 = 0, made2 = 0, wantsFence = 0, hasFence = 0] = rest;
  const [want1 = 0, want2 = 0] = rest.slice(8);
  const members = new Map([a, b, c].map((kind, index) => [NAMES[index] ?? '', CONDITIONS[kind] ?? '']));
  const online = new Set([...members].flatMap(([name, condition]) => (condition === 'online' ? [name] : [])));
  const found = [
    ['vip-api', ip1, agent1],
    ['vip-db', ip2, agent2],
  ] as const;
  const there = found.filter(([, ip]) => ip < ADDRESSES.length);
  const monitor: Monitor = {
    members,
    online,
    standby: new Set([...members].flatMap(([name, condition]) => (condition === 'standby' ? [name] : []))),
    hasCoordinator: true,
    quorate: quorate === 0,
    fencing: false,
    maintenance: maintenance === 1,
    stopsAll: stopsAll === 1,
    runsOn: new Map(there.map(([id]) => [id, new Set([...online].slice(0, 1))])),
    groups: new Map(),
    agents: new Map(),
    failed: new Map(),
    unmanaged: new Set(unmanaged === 1 ? ['vip-api'] : []),
  };
  const cib: Cib = {
    properties: new Map([['stonith-enabled', String(hasFence === 1)]]),
    defaults: new Map(),
    resources: there.map(([id, ip, agent]) => ({
      id,
      agent: AGENTS[agent] ?? '',
      options: new Map([['ip', ADDRESSES[ip] ?? '']]),
      monitor: '10s',
      timeouts: new Map(),
      cloned: false,
      disabled: false,
      inMaintenance: false,
    })),
    groups: [],
    constraints: [],
    made: new Set([...(made1 === 0 ? ['vip-api'] : []), ...(made2 === 0 ? ['vip-db'] : [])]),
  };
  const desired: DesiredResources = {
    properties: { 'stonith-enabled': String(wantsFence === 1) },
    defaults: {},
    resources: [
      ...(want1 < 2 ? [vip('api', ADDRESSES[want1] ?? '')] : []),
      vip('db', ADDRESSES[(want1 + 1 + (want2 % 2)) % ADDRESSES.length] ?? ''),
    ],
    groups: [],
    fences: [],
    constraints: [],
  };
  return { state: { cib, monitor }, desired };
}

const ACTIVE = ['active', 'inactive', 'failed', 'activating', 'deactivating', 'reloading'];
/** The unit; whether it is enabled at boot; the cluster's answer; its resource for the unit; where it runs. */
export const UNIT = [6, 2, 6, 4, 8];
const AS = ['', 'systemd:app', 'systemd:app.service', 'service:app'];

const WHOLE = clusterOf(0).state;

/** c1's answer about a unit that the cluster should run on one host. */
export function unitOf(value: number): HandoverState {
  const [active = 0, boot = 0, said = 0, as = 0, on = 0] = digits(value, UNIT);
  const hosts = as === 0 ? [] : NAMES.filter((_, index) => (on >> index) % 2 === 1);
  const { cib, monitor } = WHOLE;
  const cluster: ResourceState = {
    cib: {
      ...cib,
      resources: cib.resources
        .slice(0, as === 0 ? 0 : 1)
        .map((one) => ({ ...one, id: 'app', agent: AS[as] ?? '' })),
    },
    monitor: {
      ...monitor,
      quorate: said !== 2,
      maintenance: said === 3,
      stopsAll: said === 4,
      online: said === 5 ? new Set() : monitor.online,
      runsOn: new Map([['app', new Set(hosts)]]),
    },
  };
  return {
    unit: {
      active: ACTIVE[active] ?? '',
      sub: '',
      masked: false,
      isInstalled: true,
      boot: boot === 0 ? 'enabled' : 'disabled',
      reloadFailed: false,
      managed: false,
      now: 0,
      changed: new Map(),
    },
    node: 'c1',
    cluster: said === 1 ? undefined : cluster,
  };
}
