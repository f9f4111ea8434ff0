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

/** How to log in to one host. Paths are absolute by the time they are here. */
export interface SshSettings {
  readonly user: string;
  readonly port: number;
  /** Become root with `sudo`; needless where `user` is root. */
  readonly sudo: boolean;
  /** A private key's file. Without one, the agent's keys and the user's own are tried. */
  readonly identity?: string;
  readonly knownHosts: readonly string[];
  /** Hosts to go through, first hop first. */
  readonly jump: readonly JumpHost[];
}

export interface JumpHost {
  readonly address: string;
  readonly user: string;
  readonly port: number;
  readonly identity?: string;
}

export interface Host {
  readonly name: string;
  readonly address: string;
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
