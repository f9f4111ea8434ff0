import { chosenHosts, type Host, type Inventory, type Vip } from 'osha';
import type { Group, Settings } from './settings.ts';

/** One Corosync cluster of an inventory. */
export interface Cluster {
  readonly name: string;
  /**
   * Names that it may have received at setup, when the inventory had more or fewer clusters or another first virtual IP: a
   * cluster keeps its name.
   */
  readonly formerNames: readonly string[];
  /** In inventory order. */
  readonly hosts: readonly Host[];
  readonly vips: readonly Vip[];
  /** The groups of its virtual IPs, by name. */
  readonly groups: ReadonlyMap<string, Group>;
}

/** The virtual IPs that Pacemaker holds. */
export function clusteredVips(inventory: Inventory): readonly Vip[] {
  return inventory.vips.filter((vip) => vip.by === 'pacemaker');
}

/** Merges sets that have an element in common. */
function mergedSets(sets: readonly ReadonlySet<string>[]): readonly ReadonlySet<string>[] {
  return sets.reduce<readonly ReadonlySet<string>[]>((parts, set) => {
    const touching = parts.filter((part) => [...set].some((one) => part.has(one)));
    return [
      ...parts.filter((part) => !touching.includes(part)),
      new Set([...touching.flatMap((part) => [...part]), ...set]),
    ];
  }, []);
}

/**
 * The clusters of an inventory, in the order of their first virtual IPs. Hosts that share a virtual IP, or virtual IPs of
 * the same group, are in one cluster; others are in separate ones, to isolate failures.
 */
export function clustersOf(inventory: Inventory, settings: Settings): readonly Cluster[] {
  const vips = clusteredVips(inventory).filter((vip) => vip.holders.length > 0);
  const groups = Object.entries(settings.groups);
  const holders = (names: readonly string[]): ReadonlySet<string> =>
    new Set(vips.filter((vip) => names.includes(vip.name)).flatMap((vip) => vip.holders));
  const parts = mergedSets([
    ...vips.map((vip) => new Set(vip.holders)),
    ...groups.map(([, group]) => holders(group.vips)).filter((names) => names.size > 0),
  ]);
  const owner = (vip: Vip): number => parts.findIndex((part) => part.has(vip.holders[0] ?? ''));
  return [...new Set(vips.map(owner))].map((index) => {
    const own = vips.filter((vip) => owner(vip) === index);
    const only = parts.length === 1;
    const byVip = own.map((vip) => `${inventory.name}-${vip.name}`);
    const name = only ? (settings.cluster_name ?? inventory.name) : (byVip[0] ?? inventory.name);
    return {
      name,
      formerNames:
        settings.cluster_name === undefined
          ? [inventory.name, ...byVip].filter((former) => former !== name)
          : [],
      hosts: inventory.hosts.filter((host) => parts[index]?.has(host.name)),
      vips: own,
      groups: new Map(
        groups.filter(([, group]) => group.vips.some((name) => own.some((vip) => vip.name === name))),
      ),
    };
  });
}

/** The names of the cluster's hosts that match words (hosts or roles), in the order of the words. */
export function namesMeant(words: readonly string[], cluster: Cluster): readonly string[] {
  return chosenHosts(words, cluster.hosts).map((host) => host.name);
}

/** The name of the group with a virtual IP, if any. */
export function groupOf(cluster: Cluster, vip: string): string | undefined {
  return [...cluster.groups].find(([, group]) => group.vips.includes(vip))?.[0];
}

/** The name of the group with a service, if any. */
export function groupRunning(cluster: Cluster, service: string): string | undefined {
  return [...cluster.groups].find(([, group]) => group.services.includes(service))?.[0];
}

/** Whether HAProxy runs on every host of the cluster: it is in no group, and a virtual IP needs it. */
export function clonesHaproxy(cluster: Cluster, haproxy: string): boolean {
  return groupRunning(cluster, haproxy) === undefined && cluster.vips.some((vip) => vip.haproxy);
}

/** The names of the cluster's resources outside groups. */
export function resourcesOf(
  cluster: Cluster,
  settings: Settings,
  all: readonly Cluster[],
): readonly string[] {
  return Object.entries(settings.resources)
    .filter(([name, { on }]) => {
      if ([...cluster.groups.values()].some((group) => group.services.includes(name))) return false;
      if (Object.values(settings.groups).some((group) => group.services.includes(name))) return false;
      if (on === undefined) return all.length === 1;
      return namesMeant(on, cluster).length > 0;
    })
    .map(([name]) => name);
}
