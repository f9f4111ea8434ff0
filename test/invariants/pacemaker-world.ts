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

/** Tokens of members that have logged in to each other: each is called as its host. */
export const KNOWS: ReadonlyMap<string, KnownHost> = new Map(
  HOSTS.map(({ name, address }) => [name, { address, token: name }]),
);
export const NOBODY: ReadonlyMap<string, KnownHost> = new Map();
export const ACCEPTS = new Map(HOSTS.map(({ name }) => [name, new Set([name])]));
const NONE: ReadonlySet<string> = new Set();

/** One machine: what is on its disk, what runs, and who reaches it. */
export interface Member {
  readonly host: Host;
  conf: CorosyncConf | undefined;
  /** What its Corosync last read, where that runs: the file may be another one by now. */
  read: CorosyncConf | undefined;
  /** The uuid that its Corosync runs as; absent where that does not run. */
  runs: string | undefined;
  pacemaker: boolean;
  /** Changes of the configuration that its copy knows of; absent where it has no copy. */
  cib: number | undefined;
  loggedIn: boolean;
  powered: boolean;
  reachable: boolean;
  /** Those of one side hear each other. */
  side: 0 | 1;
  /** Its Corosync has seen all others since it started: one of two then has the quorum alone. */
  sawAll: boolean;
}

export interface World {
  readonly members: readonly Member[];
  formed: number;
  /** The latest configuration that was ever acknowledged. */
  acknowledged: number;
}

/** Hosts on which the packages were only just installed. */
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

/** The same world, to be changed on its own. */
export function copyOf({ members, ...rest }: World): World {
  return { ...rest, members: members.map((one) => ({ ...one })) };
}

export function uuidOf(conf: CorosyncConf | undefined): string {
  return conf?.clusterUuid ?? 'debian';
}

function lists({ read }: Member, { host }: Member): boolean {
  return read?.nodes.some(({ name }) => name === host.name) ?? false;
}

/** Those that Corosync sees joined on a member, itself among them: it hears nobody that one of the two does not list. */
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

/** Members of which each runs the virtual IPs, or would at once: two that ignore quorum, and do not see each other. */
export function holdersOf(world: World): readonly Member[] {
  const able = world.members.filter(
    (one) => one.pacemaker && (one.cib ?? 0) > 0 && (hasQuorum(world, one) || one.read?.nodes.length === 2),
  );
  return able.filter(
    (one, index) => !able.slice(0, index).some((other) => joinedBy(world, one).includes(other)),
  );
}

/** What members learn of each other. */
export function settle(world: World): void {
  // Whoever changes a list has all that run read it.
  for (const one of world.members) if (one.conf && one.conf !== SHIPPED) one.read = one.conf;
  for (const one of world.members) {
    if (one.runs !== undefined && joinedBy(world, one).length === world.members.length) one.sawAll = true;
    // The newest configuration among those that see each other is that of all.
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

/** What happens to the machines, by number; each is about one of them. */
export const EVENTS: readonly ((world: World, one: Member) => void)[] = [
  (_, one) => Object.assign(one, { powered: false, runs: undefined, pacemaker: false, sawAll: false }),
  // Neither Corosync nor Pacemaker starts at boot here: that is for osha to do.
  (_, one) => (one.powered = true),
  (_, one) => {
    wipe(one);
    one.loggedIn = false;
  },
  (_, one) => (one.reachable = !one.reachable),
  (_, one) => (one.side = one.side === 0 ? 1 : 0),
  (_, one) => (one.pacemaker = false),
  (_, one) => Object.assign(one, { runs: undefined, pacemaker: false, sawAll: false }),
  // A package's file in place of the cluster's, while that runs.
  (_, one) => (one.conf &&= SHIPPED),
  // An operator takes it out of the cluster; where it is off, it learns nothing of that.
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
  // The inventory's resources are made, or one more of them, by a member that has a quorum.
  (world, one) => {
    if (!one.pacemaker || one.runs === 'debian' || !hasQuorum(world, one)) return;
    world.acknowledged += 1;
    one.cib = world.acknowledged;
  },
];

/** How many different lists of members there are, on disks or among those that run. */
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
