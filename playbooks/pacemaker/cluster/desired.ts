import type { Secret } from 'osha';

export interface DesiredResource {
  readonly id: string;
  readonly agent: string;
  readonly options: Readonly<Record<string, string>>;
  /** Seconds between two looks at it. */
  readonly monitorSeconds: number;
  /** On every member; the clone is called `ID-clone`. Not within a group. */
  readonly clone?: true;
  /** It is configured only after the cluster was made, and brought in then (`groupResourcesRun`). Only within a group. */
  readonly later?: true;
}

/** Resources that run on one host together, started in their order and stopped in the opposite one. */
export interface DesiredGroup {
  readonly id: string;
  readonly resources: readonly DesiredResource[];
}

/** What switches hosts off that no longer answer the cluster. */
export interface DesiredFence {
  readonly id: string;
  /** `fence_ipmilan`. */
  readonly agent: string;
  /** Names of the hosts that it can switch off. */
  readonly hosts: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  readonly password?: { readonly option: string; readonly value: Secret };
}

export interface DesiredConstraint {
  readonly kind: 'order' | 'colocation' | 'location';
  /** The resource that comes first, or that is placed. */
  readonly resource: string;
  /** The resource that comes after it, or that it is placed with; the host that it is placed on. */
  readonly other: string;
  /** The kind of an order; the score of others, such as `100`, `INFINITY`, `-INFINITY`. */
  readonly strength: string;
}

/** What the inventory wants of a cluster's configuration. What it does not name is left alone. */
export interface DesiredResources {
  readonly properties: Readonly<Record<string, string>>;
  /** Defaults of all resources, such as `resource-stickiness`. */
  readonly defaults: Readonly<Record<string, string>>;
  /** Those that are in no group. */
  readonly resources: readonly DesiredResource[];
  readonly groups: readonly DesiredGroup[];
  readonly fences: readonly DesiredFence[];
  readonly constraints: readonly DesiredConstraint[];
}

/** What a clone of the resource `id` is called. */
export function cloneOf(id: string): string {
  return `${id}-clone`;
}

/** What each resource and fence device is run by, as pcs writes it, by its id. */
export function resourceAgents({ resources, groups, fences }: DesiredResources): ReadonlyMap<string, string> {
  const all = [...resources, ...groups.flatMap((group) => group.resources)];
  return new Map([
    ...all.map(({ id, agent }) => [id, agent] as const),
    ...fences.map(({ id, agent }) => [id, `stonith:${agent}`] as const),
  ]);
}

/** The same without some resources of its groups, and without the constraints about them. */
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

/** The same without the resources of groups that come later, and those behind them, which wait for them. */
export function withoutLater(desired: DesiredResources): DesiredResources {
  const waiting = new Set(
    desired.groups.flatMap((group) => {
      const first = group.resources.findIndex(({ later }) => later);
      return first < 0 ? [] : group.resources.slice(first).map(({ id }) => id);
    }),
  );
  return withoutResources(desired, ({ id }) => waiting.has(id));
}
