/**
 * The roles of hosts. `controller` in an inventory stands for all of these except `compute`, `network`, `storage` and
 * those that another host has; an `Inventory` has only the expanded roles.
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
 * The login settings in the inventory. For absent ones ssh's configuration applies, then the defaults: root, port 22,
 * the agent's keys and the user's own. Paths are absolute.
 */
export interface Login {
  readonly user?: string;
  readonly port?: number;
  /** The file of a private key. */
  readonly identity?: string;
  /** The file of ssh's configuration, or `false` for none; absent: the files that `ssh` itself reads. */
  readonly config?: string | false;
}

/** How to reach and log in to one host. */
export interface SshSettings extends Login {
  /** Become root with `sudo` where the user is not root. */
  readonly sudo: boolean;
  readonly knownHosts: readonly string[];
  /** Jump hosts, first hop first; empty for a direct connection. Absent: ssh's configuration applies. */
  readonly jump?: readonly JumpHost[];
}

export interface JumpHost extends Login {
  readonly address: string;
  /** The inventory says that this hop is reached directly: jump hosts in ssh's configuration are ignored. */
  readonly direct?: boolean;
}

export interface Host {
  readonly name: string;
  /** The address in the management network, used for logging in and for inter-node traffic. */
  readonly address: string;
  /** Addresses in further networks, by the network's name. */
  readonly networks: Readonly<Record<string, string>>;
  readonly roles: readonly Role[];
  /**
   * Whether its roles in the inventory include `controller`: these hosts carry VIPs unless there are separate load
   * balancers.
   */
  readonly controller: boolean;
  readonly ssh: SshSettings;
}

export interface Vip {
  readonly name: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly interface: string;
  readonly by: 'pacemaker' | 'keepalived';
  /** HAProxy listens on it, on every host that can hold it, and it is only held where HAProxy runs. */
  readonly haproxy: boolean;
  /** Names of the hosts that can hold it, the preferred one first. */
  readonly holders: readonly string[];
}

/** The operator's commands that take a host away and start it again. `osha drill` runs them on this machine; nothing else does. */
export interface DrillCommands {
  readonly stop?: string | undefined;
  readonly start?: string | undefined;
}

export interface Inventory {
  readonly name: string;
  /** The file that it was read from; secrets and `.osha/` are in the same folder. */
  readonly file: string;
  /** The operating system of the hosts, e.g. `debian-12`. */
  readonly platform: string;
  /** In the order of the file, which decides tied elections and the order of rolling work. */
  readonly hosts: readonly Host[];
  readonly vips: readonly Vip[];
  readonly drill?: DrillCommands | undefined;
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
