import type { Secret } from 'osha';

export interface DesiredResource {
  readonly id: string;
  readonly agent: string;
  readonly options: Readonly<Record<string, string>>;
  /** Interval of its monitor operation. */
  readonly monitorSeconds: number;
  /** Limit for each of its operations (`OPERATIONS`); default: the limits of its agent, as pcs takes them. */
  readonly timeoutSeconds?: number;
  /** Runs on every member; the ID of the clone is `ID-clone`. Not in groups. */
  readonly clone?: true;
  /** Configured by a later phase, which then adds it to its group (`groupResourcesRun`). Only in groups. */
  readonly later?: true;
}

/** The operations of a resource that have a time limit. */
export const OPERATIONS = ['start', 'stop', 'monitor'] as const;

/** Resources that run together on one host, started in order and stopped in reverse order. */
export interface DesiredGroup {
  readonly id: string;
  readonly resources: readonly DesiredResource[];
}

/** A fence device, which switches off unresponsive hosts. */
export interface DesiredFence {
  readonly id: string;
  /** `fence_ipmilan`. */
  readonly agent: string;
  /** Names of the hosts it can switch off. */
  readonly hosts: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  readonly password?: { readonly option: string; readonly value: Secret };
}

export interface DesiredConstraint {
  readonly kind: 'order' | 'colocation' | 'location';
  /** The resource that starts first, or that is placed. */
  readonly resource: string;
  /** The resource that starts second, or the resource or host with which the first is placed. */
  readonly other: string;
  /** Kind of an order constraint; score of the others, such as `100`, `INFINITY`, `-INFINITY`. */
  readonly strength: string;
}

/** The desired configuration of a cluster. Anything else in the CIB is left alone. */
export interface DesiredResources {
  readonly properties: Readonly<Record<string, string>>;
  /** Defaults of all resources, such as `resource-stickiness`. */
  readonly defaults: Readonly<Record<string, string>>;
  /** Resources outside groups. */
  readonly resources: readonly DesiredResource[];
  readonly groups: readonly DesiredGroup[];
  readonly fences: readonly DesiredFence[];
  readonly constraints: readonly DesiredConstraint[];
}

/** The ID of the clone of a resource. */
export function cloneOf(id: string): string {
  return `${id}-clone`;
}

/** The agents of all resources and fence devices by ID, in the notation of pcs. */
export function resourceAgents({ resources, groups, fences }: DesiredResources): ReadonlyMap<string, string> {
  const all = [...resources, ...groups.flatMap((group) => group.resources)];
  return new Map([
    ...all.map(({ id, agent }) => [id, agent] as const),
    ...fences.map(({ id, agent }) => [id, `stonith:${agent}`] as const),
  ]);
}

/** A copy without some resources of groups and their constraints. */
export function withoutResources(
  desired: DesiredResources,
  leftOut: (member: DesiredResource) => boolean,
): DesiredResources {
  const gone = new Set(
    desired.groups.flatMap((group) => group.resources.filter(leftOut).map(({ id }) => id)),
  );
  if (gone.size === 0) return desired;
  return {
    ...desired,
    groups: desired.groups.map((group) => ({
      ...group,
      resources: group.resources.filter(({ id }) => !gone.has(id)),
    })),
    constraints: desired.constraints.filter(({ resource, other }) => !gone.has(resource) && !gone.has(other)),
  };
}

/** A copy without the later resources of groups, and without those after them in the group, which depend on them. */
export function withoutLater(desired: DesiredResources): DesiredResources {
  const waiting = new Set(
    desired.groups.flatMap((group) => {
      const first = group.resources.findIndex(({ later }) => later);
      return first < 0 ? [] : group.resources.slice(first).map(({ id }) => id);
    }),
  );
  return withoutResources(desired, ({ id }) => waiting.has(id));
}

/** IDs of all desired resources, clones, groups and fence devices. */
export function desiredIds(desired: DesiredResources): ReadonlySet<string> {
  const grouped = desired.groups.flatMap((group) => group.resources);
  return new Set([
    ...[...desired.resources, ...grouped, ...desired.groups, ...desired.fences].map(({ id }) => id),
    ...desired.resources.filter(({ clone }) => clone).map(({ id }) => cloneOf(id)),
  ]);
}

/** Whether two constraints are equal, regardless of their IDs. */
export function sameConstraint(wanted: DesiredConstraint, found: DesiredConstraint): boolean {
  return (
    found.kind === wanted.kind &&
    found.resource === wanted.resource &&
    found.other === wanted.other &&
    found.strength === wanted.strength
  );
}

/** "start a before b (Optional)", "keep a with b (INFINITY)", "prefer c1 for a (100)". */
export function constraintInWords({ kind, resource, other, strength }: DesiredConstraint): string {
  if (kind === 'order') return `start ${resource} before ${other} (${strength})`;
  if (kind === 'colocation') {
    if (strength.startsWith('-')) return `keep ${resource} away from ${other} (${strength})`;
    return `keep ${resource} with ${other} (${strength})`;
  }
  if (strength === '-INFINITY') return `never run ${resource} on ${other}`;
  return `prefer ${other} for ${resource} (${strength})`;
}
