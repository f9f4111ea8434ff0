import { choiceFault, type Inventory, type InventoryProblem } from 'osha';
import * as pacemaker from './cluster/index.ts';
import { clonesHaproxy, namesMeant, type Cluster } from './clusters.ts';
import { HAPROXY, serviceId } from './resources.ts';
import type { Settings } from './settings.ts';
import { vipResource } from './health.ts';

/** What is wrong with the resources, and names that stand for two things in one cluster's configuration. */
export function resourceProblems(
  inventory: Inventory,
  settings: Settings,
  clusters: readonly Cluster[],
): readonly InventoryProblem[] {
  const members = [...new Set(clusters.flatMap((cluster) => cluster.hosts))];
  const inGroups = Object.values(settings.groups).flatMap((group) => group.services);
  return [
    ...nameProblems(inventory, settings, clusters),
    ...Object.entries(settings.resources).flatMap(([name, { on, clone }]): readonly InventoryProblem[] => {
      const path = ['pacemaker', 'resources', name];
      const faults = (on ?? []).flatMap((word, index): readonly InventoryProblem[] => {
        const fault = choiceFault(word, members);
        return fault ? [{ severity: 'error', path: [...path, 'on', index], ...fault }] : [];
      });
      if (faults.length > 0) return faults;
      if (inGroups.includes(name)) {
        if (!clone) return [];
        const message = `${name} is in a group, and runs on one host with it`;
        return [
          {
            severity: 'error',
            path: [...path, 'clone'],
            message,
            hint: 'remove clone, or take it out of the group',
          },
        ];
      }
      const homes = clusters.filter((cluster) => on === undefined || namesMeant(on, cluster).length > 0);
      if (homes.length === 1) return [];
      const names = homes.map((cluster) => cluster.name).join(', ');
      return [
        {
          severity: 'error',
          path: on === undefined ? path : [...path, 'on'],
          message: `${name} could run in several clusters: ${names}`,
          hint: `name hosts of one of them: on: [${homes[0]?.hosts.map((host) => host.name).join(', ') ?? ''}]`,
        },
      ];
    }),
  ];
}

/** Ids are unique in a cluster's configuration, and words of constraints have to mean one thing. */
function nameProblems(
  inventory: Inventory,
  settings: Settings,
  clusters: readonly Cluster[],
): readonly InventoryProblem[] {
  const taken = new Map<string, string>();
  for (const { name } of inventory.vips) {
    taken.set(name, 'a virtual IP');
    taken.set(vipResource({ name }), 'the resource of a virtual IP');
  }
  for (const name of Object.values(settings.groups).flatMap((group) => group.services)) {
    if (!Object.hasOwn(settings.resources, name)) taken.set(serviceId(name), 'a service of a group');
  }
  if (clusters.some((cluster) => clonesHaproxy(cluster, HAPROXY))) {
    taken.set(HAPROXY, 'HAProxy');
    taken.set(pacemaker.cloneOf(HAPROXY), 'HAProxy');
  }
  const kinds = [
    ['resources', 'a resource'],
    ['groups', 'a group'],
    ['fence', 'a fence device'],
  ] as const;
  return kinds.flatMap(([key, kind]) =>
    Object.keys(settings[key]).flatMap((name): readonly InventoryProblem[] => {
      const other = taken.get(name);
      taken.set(name, kind);
      if (other === undefined) return [];
      const message = `"${name}" is ${other} already`;
      return [
        {
          severity: 'error',
          path: ['pacemaker', key, name],
          at: 'key',
          message,
          hint: 'give it another name',
        },
      ];
    }),
  );
}
