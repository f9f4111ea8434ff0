import type { Operation, Platform, Takeover } from 'osha';
import type { DesiredResources } from './cluster/desired.ts';
import { groupResourcesRun } from './cluster/group-resources.ts';
import { handedOver } from './cluster/handover.ts';
import { clonesHaproxy, resourcesOf, type Cluster } from './clusters.ts';
import { desiredResources, HAPROXY, memberId, unitOf, type LaterUnits } from './desired-resources.ts';
import type { Settings } from './settings.ts';

/**
 * The units that clusters start and stop instead of systemd. Units of groups are taken over on every member, even where the
 * group never runs: a cluster that found one running elsewhere would stop both. `later` are the units configured by later
 * phases.
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
          const handover = run && { leave: handedOver(unit) as Operation, run };
          return [{ unit, hosts, by, runsOn: 'one', ...(handover ? { handover } : {}) }];
        });
      }),
      ...free,
    ];
  });
}

/** By OpenStack service, the operation that makes the cluster run its units of a group. */
function runsOf(
  services: readonly string[],
  settings: Settings,
  desired: DesiredResources,
  later: LaterUnits,
): ReadonlyMap<string | undefined, Operation> {
  const of = (name: string): string | undefined => later.get(unitOf(name, settings) ?? '');
  const together = [...new Set(services.flatMap((name) => of(name) ?? []))];
  return new Map(
    together.map((configured) => {
      const ids = services.filter((name) => of(name) === configured).map((name) => memberId(name, settings));
      return [configured, groupResourcesRun(desired, ids)];
    }),
  );
}
