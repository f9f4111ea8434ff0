import type { Host } from '../../src/inventory/types.ts';
import type { CorosyncConf } from '../../playbooks/pacemaker/cluster/corosync-conf.ts';
import type { KnownHost, MemberState } from '../../playbooks/pacemaker/cluster/member-state.ts';
import type { Answer, Answers } from '../../src/playbook/operation.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { aHost } from '../support/inventory.ts';

export const HOSTS: readonly Host[] = ['c1', 'c2', 'c3'].map((name) => aHost(name));
export const OPTIONS = {
  name: 'lab',
  password: new Secret('hacluster', 'secret'),
  corosyncConf: '/etc/corosync/corosync.conf',
};

export const SHIPPED: CorosyncConf = {
  clusterName: 'debian',
  transport: { kind: 'knet' },
  nodes: [{ name: 'node1', address: '127.0.0.1' }],
};

/** Tokens of members that have authenticated to each other, by host. */
export const KNOWS: ReadonlyMap<string, KnownHost> = new Map(
  HOSTS.map(({ name, address }) => [name, { address, token: name }]),
);
export const NOBODY: ReadonlyMap<string, KnownHost> = new Map();
export const ACCEPTS = new Map(HOSTS.map(({ name }) => [name, new Set([name])]));
const NONE: ReadonlySet<string> = new Set();

/** A machine: its disk, its processes and its reachability. */
export interface Member {
  readonly host: Host;
  conf: CorosyncConf | undefined;
  /** The configuration that its running Corosync loaded; the file may have changed since. */
  read: CorosyncConf | undefined;
  /** The UUID of its running Corosync; absent if it is stopped. */
  runs: string | undefined;
  pacemaker: boolean;
  /** Configuration changes in its copy of the CIB; absent without a copy. */
  cib: number | undefined;
  loggedIn: boolean;
  powered: boolean;
  reachable: boolean;
  /** Machines on the same side hear each other. */
  side: 0 | 1;
  /** Its Corosync has seen all others since it started; then one of two has the quorum alone. */
  sawAll: boolean;
}

export interface World {
  readonly members: readonly Member[];
  formed: number;
  /** The latest acknowledged configuration. */
  acknowledged: number;
}

/** Hosts with freshly installed packages. */
export function aWorld(size: number): World {
  const members = HOSTS.slice(0, size).map((host): Member => ({ ...FRESH, host }));
  return { members, formed: 0, acknowledged: 0 };
}

const FRESH: Omit<Member, 'host'> = {
  conf: SHIPPED,
  read: SHIPPED,
  runs: 'debian',
  pacemaker: true,
  cib: 0,
  loggedIn: false,
  powered: true,
  reachable: true,
  side: 0,
  sawAll: false,
};

/** A copy of the world. */
export function copyOf({ members, ...rest }: World): World {
  return { ...rest, members: members.map((one) => ({ ...one })) };
}

export function uuidOf(conf: CorosyncConf | undefined): string {
  return conf?.clusterUuid ?? 'debian';
}

function lists({ read }: Member, { host }: Member): boolean {
  return read?.nodes.some(({ name }) => name === host.name) ?? false;
}

/** The members that a member's Corosync sees, including itself; both must list each other. */
export function joinedBy({ members }: World, one: Member): readonly Member[] {
  const { runs, side } = one;
  if (runs === undefined) return [];
  return members.filter(
    (other) =>
      other === one || (other.runs === runs && other.side === side && lists(one, other) && lists(other, one)),
  );
}

export function hasQuorum(world: World, one: Member): boolean {
  const votes = one.read?.nodes.length ?? 1;
  const joined = joinedBy(world, one).length;
  return joined * 2 > votes || (votes === 2 && one.sawAll);
}

/** Members that each run the virtual IPs, or would at once: they ignore quorum and do not see each other. */
export function holdersOf(world: World): readonly Member[] {
  const able = world.members.filter(
    (one) => one.pacemaker && (one.cib ?? 0) > 0 && (hasQuorum(world, one) || one.read?.nodes.length === 2),
  );
  return able.filter(
    (one, index) => !able.slice(0, index).some((other) => joinedBy(world, one).includes(other)),
  );
}

/** Exchanges state between members. */
export function settle(world: World): void {
  // A changed list of members is reloaded by all running members.
  for (const one of world.members) if (one.conf && one.conf !== SHIPPED) one.read = one.conf;
  for (const one of world.members) {
    if (one.runs !== undefined && joinedBy(world, one).length === world.members.length) one.sawAll = true;
    // Members that see each other adopt the newest configuration.
    if (one.pacemaker) one.cib = Math.max(...joinedBy(world, one).map(({ cib }) => cib ?? 0));
  }
}

export function observed(world: World, one: Member): MemberState {
  const { conf, runs, pacemaker, cib, loggedIn, host } = one;
  return {
    conf,
    runs: runs === undefined || runs === 'debian' ? runs : 'lab',
    joined: runs === undefined ? undefined : joinedBy(world, one).length,
    pacemaker,
    resources: cib,
    cibNodes: cib && world.members.length,
    cibName: cib === undefined ? undefined : cib > 0 ? 'lab' : 'debian',
    knows: loggedIn ? KNOWS : NOBODY,
    accepts: loggedIn ? (ACCEPTS.get(host.name) ?? NONE) : NONE,
  };
}

export function answersOf(world: World): Answers<MemberState> {
  return new Map(
    world.members.map((one): [string, Answer<MemberState>] => [
      one.host.name,
      one.powered && one.reachable
        ? { reachable: true, observed: observed(world, one) }
        : { reachable: false, reason: 'no route' },
    ]),
  );
}

export function wipe(one: Member): void {
  Object.assign(one, {
    conf: undefined,
    read: undefined,
    runs: undefined,
    pacemaker: false,
    cib: undefined,
    sawAll: false,
  });
}

/** Events by number; each is about one machine. */
export const EVENTS: readonly ((world: World, one: Member) => void)[] = [
  (_, one) => Object.assign(one, { powered: false, runs: undefined, pacemaker: false, sawAll: false }),
  // Corosync and Pacemaker are not enabled at boot here: osha starts them.
  (_, one) => (one.powered = true),
  (_, one) => {
    wipe(one);
    one.loggedIn = false;
  },
  (_, one) => (one.reachable = !one.reachable),
  (_, one) => (one.side = one.side === 0 ? 1 : 0),
  (_, one) => (one.pacemaker = false),
  (_, one) => Object.assign(one, { runs: undefined, pacemaker: false, sawAll: false }),
  // The package's file replaces that of the running cluster.
  (_, one) => (one.conf &&= SHIPPED),
  // An operator removes it from the cluster; a stopped member gets no notification.
  ({ members }, one) => {
    const staying = members.filter((other) => other !== one && lists(other, one));
    if (one.conf === SHIPPED || staying.length === 0) return;
    if (!staying.every(({ powered, conf }) => powered && conf !== SHIPPED)) return;
    for (const other of staying) {
      const hosts = members
        .filter((member) => member !== one && lists(other, member))
        .map(({ host }) => host);
      other.conf = confOf(hosts, uuidOf(other.conf));
    }
    if (one.powered) wipe(one);
  },
  // A member with quorum creates the inventory's resources, or one more.
  (world, one) => {
    if (!one.pacemaker || one.runs === 'debian' || !hasQuorum(world, one)) return;
    world.acknowledged += 1;
    one.cib = world.acknowledged;
  },
];

/** The number of different member lists, on disks or loaded. */
export function listsOf({ members }: World, running: boolean): number {
  const listed = members.filter(
    ({ conf, runs }) => conf && conf !== SHIPPED && (!running || runs !== undefined),
  );
  return new Set(listed.map(({ conf }) => conf?.nodes.map(({ name }) => name).join())).size;
}

export function confOf(hosts: readonly Host[], clusterUuid: string): CorosyncConf {
  return {
    clusterName: 'lab',
    clusterUuid,
    transport: { kind: 'knet' },
    nodes: hosts.map(({ name, address }) => ({ name, address })),
  };
}
