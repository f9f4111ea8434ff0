import type { Platform, Secret } from 'osha';
import * as pacemaker from './cluster/index.ts';
import { clonesHaproxy, groupOf, groupRunning, namesMeant, resourcesOf, type Cluster } from './clusters.ts';
import type { LaterUnits } from './later.ts';
import type { Constraint, Settings } from './settings.ts';
import { vipResource } from './health.ts';

/** The resource that runs HAProxy. */
export const HAPROXY = 'haproxy';

export interface ResourcesOptions {
  readonly cluster: Cluster;
  readonly clusters: readonly Cluster[];
  readonly settings: Settings;
  /** There is one where a fence device has an option for it. */
  readonly fencePassword?: Secret;
  readonly platform: Platform;
  /** Units that are configured after the cluster was made; default none. */
  readonly later?: LaterUnits;
}

type Resource = pacemaker.DesiredResource;
type Between = pacemaker.DesiredConstraint;

/**
 * HAProxy on every host and each virtual IP on one where HAProxy runs; groups of virtual IPs and services on one host
 * each; and what else the inventory says.
 */
export function desiredResources(options: ResourcesOptions): pacemaker.DesiredResources {
  const { cluster, clusters, settings, platform } = options;
  const free = cluster.vips.filter((vip) => groupOf(cluster, vip.name) === undefined);
  const others = resourcesOf(cluster, settings, clusters);
  const cloned = clonesHaproxy(cluster, HAPROXY);
  const fences = fencesOf(options);
  const retried = [...cluster.groups.values()].some(({ services }) =>
    services.some((name) => memberOf(name, options).later),
  );
  return {
    properties: {
      'pe-warn-series-max': '1000',
      'pe-input-series-max': '1000',
      'pe-error-series-max': '1000',
      'cluster-recheck-interval': settings.recheck,
      // Without a fence device Pacemaker would start nothing at all while this is true.
      'stonith-enabled': String(fences.length > 0),
      // One of two has no majority when it is alone.
      'no-quorum-policy': settings.no_quorum ?? (cluster.hosts.length === 2 ? 'ignore' : 'stop'),
      // A service may end at its start because HAProxy does not see yet that what it needs has come up (Nova's conductor
      // asks Placement for its versions). Systemd would start it again, and Pacemaker would move the group for it.
      ...(retried ? { 'start-failure-is-fatal': 'false' } : {}),
      ...settings.properties,
    },
    defaults: {
      'resource-stickiness': String(settings.stickiness),
      ...(retried ? { 'migration-threshold': '5', 'failure-timeout': '1h' } : {}),
    },
    resources: [
      ...(cloned
        ? [{ ...unitResource(HAPROXY, platform.units.haproxy, settings), clone: true as const }]
        : []),
      ...free.map((vip) => vipOf(vip, settings)),
      ...others.map((name) => declared(name, settings)),
    ],
    groups: [...cluster.groups].map(([id, group]) => ({
      id,
      resources: [
        ...group.vips
          .flatMap((name) => cluster.vips.filter((vip) => vip.name === name))
          .map((vip) => vipOf(vip, settings)),
        ...group.services.map((name) => memberOf(name, options)),
      ],
    })),
    fences,
    constraints: [
      ...withHaproxy(cluster, cloned),
      ...fences.flatMap(({ id, hosts }) => awayFrom(id, hosts, cluster)),
      ...free.flatMap((vip) => onlyOn(vipResource(vip), vip.holders, cluster)),
      ...others.flatMap((name) => {
        const on = settings.resources[name]?.on;
        return on ? onlyOn(reference(name, options), namesMeant(on, cluster), cluster) : [];
      }),
      ...[...cluster.groups.keys()].flatMap((name) => groupLocations(name, cluster)),
      ...settings.constraints.flatMap((one) => written(one, options)),
    ],
  };
}

function unitResource(id: string, unit: string, settings: Settings): Resource {
  return { id, agent: `systemd:${unit}`, options: {}, monitorSeconds: settings.monitor_seconds };
}

function vipOf(vip: Cluster['vips'][number], settings: Settings): Resource {
  return {
    id: vipResource(vip),
    agent: 'ocf:heartbeat:IPaddr2',
    options: { ip: vip.address, cidr_netmask: String(vip.prefixLength), nic: vip.interface },
    monitorSeconds: settings.monitor_seconds,
  };
}

function declared(name: string, settings: Settings): Resource {
  const { agent = '', options = {}, clone = false, monitor_seconds } = settings.resources[name] ?? {};
  const monitorSeconds = monitor_seconds ?? settings.monitor_seconds;
  return { id: name, agent, options, monitorSeconds, ...(clone ? { clone } : {}) };
}

/** A member of a group: a resource of that name, or the unit. */
function memberOf(name: string, { settings, later }: ResourcesOptions): Resource {
  const unit = unitOf(name, settings);
  const resource = Object.hasOwn(settings.resources, name)
    ? declared(name, settings)
    : unitResource(serviceId(name), unit ?? name, settings);
  return unit !== undefined && later?.has(unit) ? { ...resource, later: true } : resource;
}

/** What the resource of a member of a group is called. */
export function memberId(name: string, { resources }: Pick<Settings, 'resources'>): string {
  return Object.hasOwn(resources, name) ? name : serviceId(name);
}

/** The unit that runs a member of a group; nothing where its agent is none of systemd's. */
export function unitOf(service: string, settings: Pick<Settings, 'resources'>): string | undefined {
  const agent = settings.resources[service]?.agent ?? `systemd:${service}`;
  return /^systemd:(.*?)(\.service)?$/.exec(agent)?.[1];
}

/** What the resource of a unit is called: "@" may not stand in an id. */
export function serviceId(name: string): string {
  return name.replace(/\.service$/, '').replaceAll('@', '-');
}

/** Optional: only where both start at the same time. A virtual IP does not wait for HAProxy to be restarted. */
function withHaproxy(cluster: Cluster, cloned: boolean): readonly Between[] {
  if (!cloned) return [];
  const other = pacemaker.cloneOf(HAPROXY);
  const placed = cluster.vips
    .filter((vip) => vip.haproxy)
    .map((vip) => groupOf(cluster, vip.name) ?? vipResource(vip));
  return [...new Set(placed)].flatMap((resource): readonly Between[] => [
    { kind: 'order', resource, other, strength: 'Optional' },
    { kind: 'colocation', resource, other, strength: 'INFINITY' },
  ]);
}

function onlyOn(resource: string, names: readonly string[], cluster: Cluster): readonly Between[] {
  return cluster.hosts
    .filter((host) => !names.includes(host.name))
    .map((host) => ({ kind: 'location', resource, other: host.name, strength: '-INFINITY' }));
}

/** A device for all members has to run on one of them: Pacemaker itself lets another one use it then. */
function awayFrom(resource: string, names: readonly string[], cluster: Cluster): readonly Between[] {
  if (cluster.hosts.every((host) => names.includes(host.name))) return [];
  return names.map((other) => ({ kind: 'location', resource, other, strength: '-INFINITY' }));
}

function groupLocations(name: string, cluster: Cluster): readonly Between[] {
  const group = cluster.groups.get(name);
  const holders = cluster.vips.find((vip) => group?.vips.includes(vip.name))?.holders ?? [];
  const never = namesMeant(group?.never ?? [], cluster);
  return [
    ...namesMeant(group?.prefers ?? [], cluster).map((other, index): Between => ({
      kind: 'location',
      resource: name,
      other,
      strength: String(Math.max(1, Math.round(100 / 2 ** index))),
    })),
    ...onlyOn(
      name,
      holders.filter((holder) => !never.includes(holder)),
      cluster,
    ),
  ];
}

function fencesOf({ cluster, settings, fencePassword }: ResourcesOptions): readonly pacemaker.DesiredFence[] {
  return Object.entries(settings.fence).flatMap(([id, { agent, hosts, options, password_option }]) => {
    const own = namesMeant(hosts, cluster);
    if (own.length === 0) return [];
    const password =
      password_option && fencePassword ? { password: { option: password_option, value: fencePassword } } : {};
    return [{ id, agent, hosts: own, options, ...password }];
  });
}

/** What a constraint's word stands for in this cluster; empty where it stands for nothing in it. */
export function reference(
  word: string,
  { cluster, clusters, settings }: Pick<ResourcesOptions, 'cluster' | 'clusters' | 'settings'>,
): string {
  const vip = cluster.vips.find(({ name }) => name === word);
  if (cluster.groups.has(word)) return word;
  if (vip) return vipResource(vip);
  if (groupRunning(cluster, word) !== undefined) return serviceId(word);
  if (word === HAPROXY && clonesHaproxy(cluster, HAPROXY)) return pacemaker.cloneOf(HAPROXY);
  if (!resourcesOf(cluster, settings, clusters).includes(word)) return '';
  return settings.resources[word]?.clone ? pacemaker.cloneOf(word) : word;
}

function written(constraint: Constraint, options: ResourcesOptions): readonly Between[] {
  const of = (word: string): string => reference(word, options);
  const both = (one: Between): readonly Between[] => (one.resource === '' || one.other === '' ? [] : [one]);
  if ('order' in constraint) {
    const [first, then] = constraint.order;
    return both({ kind: 'order', resource: of(first), other: of(then), strength: constraint.kind });
  }
  if ('colocate' in constraint) {
    const { colocate, with: other, score } = constraint;
    return both({ kind: 'colocation', resource: of(colocate), other: of(other), strength: String(score) });
  }
  const [other = ''] = namesMeant([constraint.host], options.cluster);
  return both({
    kind: 'location',
    resource: of(constraint.location),
    other,
    strength: String(constraint.score),
  });
}
