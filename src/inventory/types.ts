/**
 * What a host is for. `controller` in an inventory is short for all of these but `compute`, `network` and `storage`
 * that no other host was given; an `Inventory` only carries the roles that it was expanded to.
 */
export const ROLES = [
  'database',
  'messaging',
  'cache',
  'coordination',
  'control',
  'network',
  'compute',
  'storage',
  'dashboard',
  'loadbalancer',
  'time',
] as const;

export type Role = (typeof ROLES)[number];

/**
 * Who to log in as, as far as the inventory says. What is absent is left to ssh's configuration, and where that is silent
 * too, to the defaults: root, port 22, and the agent's keys and the user's own. Paths are absolute by the time they are here.
 */
export interface Login {
  readonly user?: string;
  readonly port?: number;
  /** A private key's file. */
  readonly identity?: string;
  /** The file of ssh's configuration, or `false` for none; absent: those that `ssh` itself reads. */
  readonly config?: string | false;
}

/** How to reach and log in to one host. */
export interface SshSettings extends Login {
  /** Become root with `sudo` where the user is not root. */
  readonly sudo: boolean;
  readonly knownHosts: readonly string[];
  /** Hosts to go through, first hop first; none where it is empty. Absent: ssh's configuration says. */
  readonly jump?: readonly JumpHost[];
}

export interface JumpHost extends Login {
  readonly address: string;
  /** The inventory says that this hop is reached without any other: ssh's configuration is not asked for the way. */
  readonly direct?: boolean;
}

export interface Host {
  readonly name: string;
  /** Where osha logs in, and where the systems talk to each other: the management network. */
  readonly address: string;
  /** Addresses in further networks, by the network's name. */
  readonly networks: Readonly<Record<string, string>>;
  readonly roles: readonly Role[];
  /** True where the inventory says `controller`: these hosts carry VIPs unless load balancers are hosts of their own. */
  readonly controller: boolean;
  readonly ssh: SshSettings;
}

export interface Vip {
  readonly name: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly interface: string;
  readonly by: 'pacemaker' | 'keepalived';
  /** HAProxy listens on it, on every host that can hold it, and it is held where HAProxy runs. */
  readonly haproxy: boolean;
  /** Names of the hosts that can hold it, the one that is to hold it first. */
  readonly holders: readonly string[];
}

export interface Inventory {
  readonly name: string;
  /** The file it came from; secrets and `.osha/` stand beside it. */
  readonly file: string;
  /** The operating system of the hosts, e.g. `debian-12`. */
  readonly platform: string;
  /** In the order of the file: the order in which elections are tied and rolling work is done. */
  readonly hosts: readonly Host[];
  readonly vips: readonly Vip[];
  /** Each playbook's own key, parsed by that playbook's schema, by the playbook's name. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The hosts of `inventory` that have `role`, in its order. */
export function hostsWith(inventory: Pick<Inventory, 'hosts'>, role: Role): readonly Host[] {
  return inventory.hosts.filter((host) => host.roles.includes(role));
}

/** The hosts that can hold `vip`, in its order of preference. */
export function holdersOf(inventory: Pick<Inventory, 'hosts'>, vip: Pick<Vip, 'holders'>): readonly Host[] {
  return vip.holders.flatMap((name) => inventory.hosts.find((host) => host.name === name) ?? []);
}
