import { chosenHosts, type Inventory, type InventoryProblem, platformOf } from 'osha';
import { NEEDS, servicesOf } from '../openstack/settings.ts';
import { serviceUnits, type ServiceUnit } from '../openstack/units.ts';
import type { Cluster } from './clusters.ts';
import { unitOf } from './resources.ts';
import type { Group, Settings } from './settings.ts';

/** A member of a group, in its place. */
interface Member {
  readonly name: string;
  /** Every service of OpenStack needs it. */
  readonly first: boolean;
  /** Absent where it is none of OpenStack's, or nobody asked for its service. */
  readonly of?: ServiceUnit;
}

/** What is wrong with the units of OpenStack in groups: they are deployed after the cluster, each by its own phase. */
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
          const message = `nothing deploys ${service} here: OpenStack's ${of.service} is not asked for`;
          const hint = `ask for it (openstack: { services: [${[...asked, of.service].join(', ')}] }), or take it out of the group`;
          return [{ severity: 'warning', path: at(index), message, hint }];
        }),
        ...members.flatMap((member, index): readonly InventoryProblem[] => {
          const fault =
            placeFault(member, name, holdersOf(group, cluster), inventory) ??
            orderFault(member, members.slice(index + 1));
          return fault ? [{ severity: 'error', path: at(index), ...fault }] : [];
        }),
      ];
      // What helps one member helps all that lack the same.
      return problems.filter(({ hint }, index) => problems.findIndex((one) => one.hint === hint) === index);
    }),
  );
}

type Fault = Pick<InventoryProblem, 'message' | 'hint'>;

/** The names of the hosts that a group may run on. */
function holdersOf(group: Group, cluster: Cluster): readonly string[] {
  const never = chosenHosts(group.never, cluster.hosts).map((host) => host.name);
  const holders = cluster.vips.find((vip) => group.vips.includes(vip.name))?.holders ?? [];
  return holders.filter((holder) => !never.includes(holder));
}

/** A unit may not move at all, or the group could move to where it is not. */
function placeFault(
  { name, of }: Member,
  group: string,
  holders: readonly string[],
  inventory: Inventory,
): Fault | undefined {
  if (!of) return undefined;
  if (of.everywhere !== undefined) {
    const message = `${name} cannot run on one host at a time: ${of.everywhere}`;
    return { message, hint: `take it out of the group ${group}: it runs on all of its hosts then` };
  }
  const hosts = of.hosts(inventory).map((host) => host.name);
  const lacking = holders.filter((holder) => !hosts.includes(holder));
  if (lacking.length === 0) return undefined;
  const message = `${group} may run on ${lacking.join(' and ')}, and ${name} only on ${hosts.join(', ') || 'no host'}`;
  if (of.service === 'image') {
    return { message, hint: 'keep images on shared storage, and give each of these hosts the role control' };
  }
  const role = of.service === 'dashboard' ? 'dashboard' : 'control';
  return {
    message,
    hint: `give ${lacking.join(', ')} the role ${role}, or let other hosts hold its virtual IPs`,
  };
}

/** A member starts when those before it have: where one of them needs it, a deployment would wait for what can never start. */
function orderFault({ name, of }: Member, after: readonly Member[]): Fault | undefined {
  if (!of) return undefined;
  const needed = after.find(
    (other) => other.first || (other.of && NEEDS[of.service].includes(other.of.service)),
  );
  if (!needed) return undefined;
  const message = `${name} comes before ${needed.name}, which it needs`;
  return { message, hint: `write ${name} after ${needed.name}` };
}
