import {
  choiceFault,
  type Inventory,
  type InventoryProblem,
  suggestion,
  chosenHosts,
  platformOf,
} from 'osha';
import { clonesHaproxy, clusteredVips, groupOf, groupRunning, namesMeant, type Cluster } from './clusters.ts';
import { HAPROXY, unitOf } from './desired-resources.ts';
import type { Settings, Group } from './settings.ts';
import { NEEDS, servicesOf } from '../openstack/settings.ts';
import { serviceUnits, type ServiceUnit } from '../openstack/hosts.ts';

type Path = InventoryProblem['path'];

/** Mistakes in the groups: virtual IPs, services, hosts, and HAProxy in a group. */
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
        const hint = `list its virtual IPs: vips: [${names.join(', ')}]`;
        return [
          {
            ...error([name], `${name} has no virtual IP, whose holders determine where it runs`, hint),
            at: 'key',
          },
        ];
      }
      return group.vips.flatMap((vip, index): readonly InventoryProblem[] => {
        if (names.includes(vip)) return [];
        const elsewhere = inventory.vips.some((one) => one.name === vip);
        const message = elsewhere ? `${vip} is held by keepalived` : `there is no virtual IP "${vip}"`;
        const hint = elsewhere ? `set by: pacemaker for ${vip}` : suggestion(vip, names);
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
      const message = `${first.name} and ${other.name} have different holders, but a group runs on one host`;
      return [error([name, 'vips'], message, 'give them the same hosts (on: ...), or use separate groups')];
    }),
    ...twice(settings, 'vips'),
  ];
}

/** Virtual IPs or services listed twice. */
function twice(settings: Settings, key: 'vips' | 'services'): readonly InventoryProblem[] {
  const seen = new Map<string, string>();
  return Object.entries(settings.groups).flatMap(([name, group]) =>
    group[key].flatMap((member, index): readonly InventoryProblem[] => {
      const other = seen.get(member);
      seen.set(member, name);
      if (other === undefined) return [];
      return [
        error([name, key, index], `${member} is already in the group ${other}`, 'remove it from one of them'),
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
        error([name, 'never'], `${both} is in both prefers and never`, 'remove it from one of them'),
      ];
    }
    if (hosts.length > 0 && hosts.every((host) => never.includes(host.name))) {
      return [
        ...unknown,
        error(
          [name, 'never'],
          `no host remains on which ${name} may run`,
          'remove at least one host from it',
        ),
      ];
    }
    return unknown;
  });
}

/** HAProxy in a group runs on one host, so a virtual IP outside the group could be on a host without it. */
function haproxyProblems(cluster: Cluster): readonly InventoryProblem[] {
  const group = groupRunning(cluster, HAPROXY);
  if (group === undefined || clonesHaproxy(cluster, HAPROXY)) return [];
  return cluster.vips
    .filter((vip) => vip.haproxy && groupOf(cluster, vip.name) !== group)
    .map((vip) => ({
      severity: 'error',
      path: ['vips', vip.name],
      at: 'key',
      message: `HAProxy runs only with the group ${group}, but ${vip.name} is not in that group`,
      hint: `add ${vip.name} to the group ${group}, set haproxy: false for it, or remove haproxy from the group`,
    }));
}

/** A service of a group. */
interface Member {
  readonly name: string;
  /** HAProxy or memcached, which every OpenStack service needs. */
  readonly first: boolean;
  /** Absent for units outside OpenStack, or of a service that is not enabled. */
  readonly of?: ServiceUnit;
}

/** Mistakes with OpenStack's units in groups, which later phases deploy. */
export function openstackProblems(
  inventory: Inventory,
  settings: Settings,
  clusters: readonly Cluster[],
): readonly InventoryProblem[] {
  const platform = platformOf(inventory.platform);
  const units = serviceUnits(platform);
  const asked = servicesOf(inventory);
  return clusters.flatMap((cluster) =>
    [...cluster.groups].flatMap(([name, group]): readonly InventoryProblem[] => {
      const found = group.services.map((service) => ({
        name: service,
        of: units.find(({ unit }) => unit === unitOf(service, settings)),
      }));
      const members = found.map(({ name: service, of }): Member => ({
        name: service,
        first: [platform.units.haproxy, platform.units.memcached].includes(unitOf(service, settings) ?? ''),
        ...(of && asked.includes(of.service) ? { of } : {}),
      }));
      const at = (index: number): readonly (string | number)[] => [
        'pacemaker',
        'groups',
        name,
        'services',
        index,
      ];
      const problems = [
        ...found.flatMap(({ name: service, of }, index): readonly InventoryProblem[] => {
          if (!of || asked.includes(of.service)) return [];
          const message = `nothing deploys ${service}: the OpenStack service ${of.service} is not enabled`;
          const hint = `enable it (openstack: { services: [${[...asked, of.service].join(', ')}] }), or remove it from the group`;
          return [{ severity: 'warning', path: at(index), message, hint }];
        }),
        ...members.flatMap((member, index): readonly InventoryProblem[] => {
          const fault =
            placeFault(member, name, holdersOf(group, cluster), inventory) ??
            orderFault(member, members.slice(index + 1));
          return fault ? [{ severity: 'error', path: at(index), ...fault }] : [];
        }),
      ];
      // Services with the same fix are reported once.
      return problems.filter(({ hint }, index) => problems.findIndex((one) => one.hint === hint) === index);
    }),
  );
}

type Fault = Pick<InventoryProblem, 'message' | 'hint'>;

/** The names of the hosts on which a group may run. */
function holdersOf(group: Group, cluster: Cluster): readonly string[] {
  const never = chosenHosts(group.never, cluster.hosts).map((host) => host.name);
  const holders = cluster.vips.find((vip) => group.vips.includes(vip.name))?.holders ?? [];
  return holders.filter((holder) => !never.includes(holder));
}

/** A unit that must not move, or a host of the group on which the unit is not deployed. */
function placeFault(
  { name, of }: Member,
  group: string,
  holders: readonly string[],
  inventory: Inventory,
): Fault | undefined {
  if (!of) return undefined;
  if (of.everywhere !== undefined) {
    const message = `${name} cannot run on one host at a time: ${of.everywhere}`;
    return { message, hint: `remove it from the group ${group}, so that it runs on all of its hosts` };
  }
  const hosts = of.hosts(inventory).map((host) => host.name);
  const lacking = holders.filter((holder) => !hosts.includes(holder));
  if (lacking.length === 0) return undefined;
  const message = `${group} may run on ${lacking.join(' and ')}, but ${name} only on ${hosts.join(', ') || 'no host'}`;
  if (of.service === 'image') {
    return { message, hint: 'keep images on shared storage, and give each of these hosts the role control' };
  }
  const role = of.service === 'dashboard' ? 'dashboard' : 'control';
  return {
    message,
    hint: `give ${lacking.join(', ')} the role ${role}, or let other hosts hold its virtual IPs`,
  };
}

/** Services of a group start in order, so one listed before a service that it needs could never start. */
function orderFault({ name, of }: Member, after: readonly Member[]): Fault | undefined {
  if (!of) return undefined;
  const needed = after.find(
    (other) => other.first || (other.of && NEEDS[of.service].includes(other.of.service)),
  );
  if (!needed) return undefined;
  const message = `${name} comes before ${needed.name}, which it needs`;
  return { message, hint: `list ${name} after ${needed.name}` };
}
