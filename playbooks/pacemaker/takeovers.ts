import type { Platform, Takeover } from 'osha';
import { clonesHaproxy, resourcesOf, type Cluster } from './clusters.ts';
import { HAPROXY } from './resources.ts';
import type { Settings } from './settings.ts';

/** The unit that runs a member of a group; nothing where its agent is none of systemd's. */
function unitOf(service: string, settings: Settings): string | undefined {
  const agent = settings.resources[service]?.agent ?? `systemd:${service}`;
  return /^systemd:(.*?)(\.service)?$/.exec(agent)?.[1];
}

/**
 * The units that clusters start and stop instead of the init system. Those of groups are taken over on every member,
 * also where the group never runs: a cluster that found one running elsewhere would stop both.
 */
export function takeoversOf(
  clusters: readonly Cluster[],
  settings: Settings,
  platform: Platform,
): readonly Takeover[] {
  const by = platform.units.pacemaker;
  return clusters.flatMap((cluster): readonly Takeover[] => {
    const hosts = cluster.hosts.map((host) => host.name);
    const services = [...cluster.groups.values()].flatMap((group) => group.services);
    const free = resourcesOf(cluster, settings, clusters);
    return [
      ...(clonesHaproxy(cluster, HAPROXY)
        ? [{ unit: platform.units.haproxy, hosts, by, runsOn: 'all' as const }]
        : []),
      ...[...services, ...free].flatMap((name): readonly Takeover[] => {
        const unit = unitOf(name, settings);
        const everywhere = free.includes(name) && settings.resources[name]?.clone;
        return unit === undefined ? [] : [{ unit, hosts, by, runsOn: everywhere ? 'all' : 'one' }];
      }),
    ];
  });
}
