import { choiceFault, type Inventory, type InventoryProblem, suggestion } from 'osha';
import { clonesHaproxy, clusteredVips, groupOf, groupRunning, namesMeant, type Cluster } from './clusters.ts';
import { HAPROXY } from './resources.ts';
import type { Settings } from './settings.ts';

type Path = InventoryProblem['path'];

/** What is wrong with the groups, each for itself and beside the others. */
export function groupProblems(
  inventory: Inventory,
  settings: Settings,
  clusters: readonly Cluster[],
): readonly InventoryProblem[] {
  return [
    ...vipProblems(inventory, settings),
    ...twice(settings, 'services'),
    ...clusters.flatMap((cluster) => [...placeProblems(cluster), ...haproxyProblems(cluster)]),
  ];
}

function error(path: Path, message: string, hint: string): InventoryProblem {
  return { severity: 'error', path: ['pacemaker', 'groups', ...path], message, hint };
}

function vipProblems(inventory: Inventory, settings: Settings): readonly InventoryProblem[] {
  const vips = clusteredVips(inventory);
  const names = vips.map(({ name }) => name);
  return [
    ...Object.entries(settings.groups).flatMap(([name, group]): readonly InventoryProblem[] => {
      if (group.vips.length === 0) {
        const hint = `write which virtual IPs it holds: vips: [${names.join(', ')}]`;
        return [
          {
            ...error([name], `${name} has no virtual IP, which says on which hosts it runs`, hint),
            at: 'key',
          },
        ];
      }
      return group.vips.flatMap((vip, index): readonly InventoryProblem[] => {
        if (names.includes(vip)) return [];
        const elsewhere = inventory.vips.some((one) => one.name === vip);
        const message = elsewhere ? `${vip} is held by keepalived` : `there is no virtual IP "${vip}"`;
        const hint = elsewhere ? `write by: pacemaker for ${vip}` : suggestion(vip, names);
        return [error([name, 'vips', index], message, hint)];
      });
    }),
    ...Object.entries(settings.groups).flatMap(([name, group]): readonly InventoryProblem[] => {
      const own = group.vips.flatMap((vip) => vips.find((one) => one.name === vip) ?? []);
      const [first] = own;
      const other = own.find(
        (vip) => [...vip.holders].sort().join() !== [...(first?.holders ?? [])].sort().join(),
      );
      if (!first || !other) return [];
      const message = `${first.name} and ${other.name} can be held by different hosts, and a group is on one`;
      return [
        error(
          [name, 'vips'],
          message,
          'give them the same hosts (on: ...), or put them into groups of their own',
        ),
      ];
    }),
    ...twice(settings, 'vips'),
  ];
}

/** A virtual IP or a service that two groups name, or one group twice. */
function twice(settings: Settings, key: 'vips' | 'services'): readonly InventoryProblem[] {
  const seen = new Map<string, string>();
  return Object.entries(settings.groups).flatMap(([name, group]) =>
    group[key].flatMap((member, index): readonly InventoryProblem[] => {
      const other = seen.get(member);
      seen.set(member, name);
      if (other === undefined) return [];
      return [
        error([name, key, index], `${member} is in the group ${other} already`, 'remove it from one of them'),
      ];
    }),
  );
}

function placeProblems(cluster: Cluster): readonly InventoryProblem[] {
  return [...cluster.groups].flatMap(([name, group]): readonly InventoryProblem[] => {
    const holders = cluster.vips.find((vip) => group.vips.includes(vip.name))?.holders ?? [];
    const hosts = cluster.hosts.filter((host) => holders.includes(host.name));
    const unknown = (['prefers', 'never'] as const).flatMap((key) =>
      group[key].flatMap((word, index): readonly InventoryProblem[] => {
        const fault = choiceFault(word, hosts);
        if (!fault) return [];
        const member = cluster.hosts.some((host) => host.name === word);
        const message = member ? `${word} cannot hold the virtual IPs of ${name}` : fault.message;
        return [error([name, key, index], message, member ? `these can: ${holders.join(', ')}` : fault.hint)];
      }),
    );
    const never = namesMeant(group.never, cluster);
    const both = namesMeant(group.prefers, cluster).find((host) => never.includes(host));
    if (both !== undefined) {
      return [
        ...unknown,
        error([name, 'never'], `${both} is preferred and forbidden at once`, 'remove it from one of them'),
      ];
    }
    if (hosts.length > 0 && hosts.every((host) => never.includes(host.name))) {
      return [
        ...unknown,
        error([name, 'never'], `no host is left that ${name} may run on`, 'leave at least one out'),
      ];
    }
    return unknown;
  });
}

/** HAProxy of a group runs on one host: a virtual IP outside of the group would be where it does not run. */
function haproxyProblems(cluster: Cluster): readonly InventoryProblem[] {
  const group = groupRunning(cluster, HAPROXY);
  if (group === undefined || clonesHaproxy(cluster, HAPROXY)) return [];
  return cluster.vips
    .filter((vip) => vip.haproxy && groupOf(cluster, vip.name) !== group)
    .map((vip) => ({
      severity: 'error',
      path: ['vips', vip.name],
      at: 'key',
      message: `HAProxy is in the group ${group} and runs only where that is, and ${vip.name} is not in it`,
      hint: `put ${vip.name} into the group ${group}, write haproxy: false for it, or take haproxy out of the group`,
    }));
}
