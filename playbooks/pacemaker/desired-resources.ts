import type { Platform, Secret, Inventory } from 'osha';
import {
  type DesiredConstraint,
  type DesiredFence,
  type DesiredResource,
  type DesiredResources,
  cloneOf,
} from './cluster/desired.ts';
import { clonesHaproxy, groupOf, groupRunning, namesMeant, resourcesOf, type Cluster } from './clusters.ts';
import type { Constraint, Settings } from './settings.ts';
import { vipResource } from './health.ts';
import { servicesOf } from '../openstack/settings.ts';
import { serviceUnits } from '../openstack/hosts.ts';

/** The resource that runs HAProxy. */
export const HAPROXY = 'haproxy';

export interface ResourcesOptions {
  readonly cluster: Cluster;
  readonly clusters: readonly Cluster[];
  readonly settings: Settings;
  /** Present when a fence device has an option for it. */
  readonly fencePassword?: Secret;
  readonly platform: Platform;
  /** Units configured by later phases; default: none. */
  readonly later?: LaterUnits;
}

type Resource = DesiredResource;
type Between = DesiredConstraint;

/**
 * The desired configuration of a cluster: HAProxy on every host, each virtual IP on one host where HAProxy runs, groups on
 * one host each, and the resources, fence devices and constraints of the inventory.
 */
export function desiredResources(options: ResourcesOptions): DesiredResources {
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
      // While this is true, Pacemaker starts nothing without a fence device.
      'stonith-enabled': String(fences.length > 0),
      // A single one of two members has no majority.
      'no-quorum-policy': settings.no_quorum ?? (cluster.hosts.length === 2 ? 'ignore' : 'stop'),
      // A service may exit at startup while HAProxy still considers a backend down (Nova's conductor queries the versions
      // of Placement). systemd would restart it; Pacemaker would move the whole group.
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
    timeoutSeconds: settings.vip_timeout_seconds,
  };
}

function declared(name: string, settings: Settings): Resource {
  const {
    agent = '',
    options = {},
    clone = false,
    monitor_seconds,
    timeout_seconds,
  } = settings.resources[name] ?? {};
  const monitorSeconds = monitor_seconds ?? settings.monitor_seconds;
  return {
    id: name,
    agent,
    options,
    monitorSeconds,
    ...(timeout_seconds === undefined ? {} : { timeoutSeconds: timeout_seconds }),
    ...(clone ? { clone } : {}),
  };
}

/** The resource of a service in a group: a declared resource of that name, or the unit. */
function memberOf(name: string, { settings, later }: ResourcesOptions): Resource {
  const unit = unitOf(name, settings);
  const resource = Object.hasOwn(settings.resources, name)
    ? declared(name, settings)
    : unitResource(serviceId(name), unit ?? name, settings);
  return unit !== undefined && later?.has(unit) ? { ...resource, later: true } : resource;
}

/** The ID of the resource of a service in a group. */
export function memberId(name: string, { resources }: Pick<Settings, 'resources'>): string {
  return Object.hasOwn(resources, name) ? name : serviceId(name);
}

/** The systemd unit of a service in a group, unless it has another agent. */
export function unitOf(service: string, settings: Pick<Settings, 'resources'>): string | undefined {
  const agent = settings.resources[service]?.agent ?? `systemd:${service}`;
  return /^systemd:(.*?)(\.service)?$/.exec(agent)?.[1];
}

/** The resource ID of a unit; IDs must not contain "@". */
export function serviceId(name: string): string {
  return name.replace(/\.service$/, '').replaceAll('@', '-');
}

/** The order is Optional, for simultaneous starts only: a virtual IP does not wait for a restart of HAProxy. */
function withHaproxy(cluster: Cluster, cloned: boolean): readonly Between[] {
  if (!cloned) return [];
  const other = cloneOf(HAPROXY);
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

/** Keeps a fence device off its own targets, unless it is for all members: Pacemaker then uses it from another one. */
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

function fencesOf({ cluster, settings, fencePassword }: ResourcesOptions): readonly DesiredFence[] {
  return Object.entries(settings.fence).flatMap(([id, { agent, hosts, options, password_option }]) => {
    const own = namesMeant(hosts, cluster);
    if (own.length === 0) return [];
    const password =
      password_option && fencePassword ? { password: { option: password_option, value: fencePassword } } : {};
    return [{ id, agent, hosts: own, options, ...password }];
  });
}

/** The resource ID for a word of a constraint; empty if the word is unknown in this cluster. */
export function reference(
  word: string,
  { cluster, clusters, settings }: Pick<ResourcesOptions, 'cluster' | 'clusters' | 'settings'>,
): string {
  const vip = cluster.vips.find(({ name }) => name === word);
  if (cluster.groups.has(word)) return word;
  if (vip) return vipResource(vip);
  if (groupRunning(cluster, word) !== undefined) return serviceId(word);
  if (word === HAPROXY && clonesHaproxy(cluster, HAPROXY)) return cloneOf(HAPROXY);
  if (!resourcesOf(cluster, settings, clusters).includes(word)) return '';
  return settings.resources[word]?.clone ? cloneOf(word) : word;
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

/** The OpenStack service of each unit that a later phase configures, by unit. */
export type LaterUnits = ReadonlyMap<string, string>;

/**
 * The units that are configured after the cluster is formed, because they need its virtual IPs. Their own phases hand them
 * over to the cluster.
 */
export function laterUnits(inventory: Pick<Inventory, 'settings'>, platform: Platform): LaterUnits {
  const asked = servicesOf(inventory);
  return new Map(
    serviceUnits(platform)
      .filter(({ service, everywhere }) => asked.includes(service) && everywhere === undefined)
      .map(({ unit, service }) => [unit, service]),
  );
}
