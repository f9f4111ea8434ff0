import type { Operation, Platform, Takeover } from 'osha';
import * as pacemaker from './cluster/index.ts';
import { clonesHaproxy, resourcesOf, type Cluster } from './clusters.ts';
import type { LaterUnits } from './later.ts';
import { desiredResources, HAPROXY, memberId, unitOf } from './resources.ts';
import type { Settings } from './settings.ts';

/**
 * The units that clusters start and stop instead of the init system. Those of groups are taken over on every member,
 * also where the group never runs: a cluster that found one running elsewhere would stop both. `later` are those that
 * are configured after the cluster was made.
 */
export function takeoversOf(
  clusters: readonly Cluster[],
  settings: Settings,
  platform: Platform,
  later: LaterUnits = new Map(),
): readonly Takeover[] {
  const by = platform.units.pacemaker;
  return clusters.flatMap((cluster): readonly Takeover[] => {
    const hosts = cluster.hosts.map((host) => host.name);
    const free = resourcesOf(cluster, settings, clusters).flatMap((name): readonly Takeover[] => {
      const unit = unitOf(name, settings);
      const runsOn = settings.resources[name]?.clone ? 'all' : 'one';
      return unit === undefined ? [] : [{ unit, hosts, by, runsOn }];
    });
    const desired = desiredResources({ cluster, clusters, settings, platform, later });
    return [
      ...(clonesHaproxy(cluster, HAPROXY)
        ? [{ unit: platform.units.haproxy, hosts, by, runsOn: 'all' as const }]
        : []),
      ...[...cluster.groups.values()].flatMap(({ services }) => {
        const runs = runsOf(services, settings, desired, later);
        return services.flatMap((name): readonly Takeover[] => {
          const unit = unitOf(name, settings);
          if (unit === undefined) return [];
          const run = runs.get(later.get(unit));
          const handover = run && { leave: pacemaker.handedOver(unit) as Operation, run };
          return [{ unit, hosts, by, runsOn: 'one', ...(handover ? { handover } : {}) }];
        });
      }),
      ...free,
    ];
  });
}

/** By what is configured together: how the cluster is told to run those of a group's members. */
function runsOf(
  services: readonly string[],
  settings: Settings,
  desired: pacemaker.DesiredResources,
  later: LaterUnits,
): ReadonlyMap<string | undefined, Operation> {
  const of = (name: string): string | undefined => later.get(unitOf(name, settings) ?? '');
  const together = [...new Set(services.flatMap((name) => of(name) ?? []))];
  return new Map(
    together.map((configured) => {
      const ids = services.filter((name) => of(name) === configured).map((name) => memberId(name, settings));
      return [configured, pacemaker.groupResourcesRun(desired, ids)];
    }),
  );
}
