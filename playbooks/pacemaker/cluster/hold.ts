import { cloneOf, type DesiredResources, desiredIds } from './desired.ts';
import type { Monitor, CibConstraint, CibResource } from './resource-state.ts';

/** An operator's setting, or the result of a failure, that keeps the cluster from running its resources. */
export interface Hold {
  /** Absent for a hold on the cluster or on a resource. */
  readonly host?: string;
  readonly resource?: string;
  /** "controller2 is in standby". */
  readonly what: string;
  /** Command that ends the hold: one of osha, or one to run on any member. */
  readonly end: string;
}

/** The parts of the configuration (CIB) that can contain holds; those not observed may be omitted. */
export interface Held {
  readonly constraints: readonly CibConstraint[];
  readonly resources?: readonly CibResource[];
  readonly defaults?: ReadonlyMap<string, string>;
}

/** Holds on a member, by its condition. */
const NODES: Readonly<Record<string, (name: string) => Hold>> = {
  standby: (name) => ({
    host: name,
    what: `${name} is in standby`,
    end: `osha host undrain INVENTORY ${name}`,
  }),
  'standby on failure': (name) => ({
    host: name,
    what: `${name} is in standby after a resource failure`,
    end: `pcs resource cleanup node=${name}`,
  }),
  maintenance: (name) => ({
    host: name,
    what: `${name} is in maintenance mode`,
    end: `pcs node unmaintenance ${name}`,
  }),
};

/** The hold on a member in this condition, if any. */
export function nodeHold(name: string, condition: string): Hold | undefined {
  return NODES[condition]?.(name);
}

/**
 * All holds on the cluster, its members and the desired resources. osha never ends a hold on its own, because somebody set
 * it for a reason. Disabled resources do not count: `resourcesConfigured` enables them. Pure.
 */
export function holdsOf(desired: DesiredResources, monitor: Monitor, held: Held): readonly Hold[] {
  return [
    ...ofCluster(desired, monitor),
    ...[...monitor.members].flatMap(([name, condition]) => nodeHold(name, condition) ?? []),
    ...(monitor.maintenance ? [] : unmanaged(desired, monitor, held)),
    ...bans(desired, monitor, held),
  ];
}

/** "controller2 is in standby, and vip-api is unmanaged". */
export function holdsInWords(holds: readonly Hold[]): string {
  return holds.map(({ what }) => what).join(', and ');
}

/** The commands that end them, as one line to paste. */
export function endOf(holds: readonly Hold[]): string {
  return [...new Set(holds.map(({ end }) => end))].join('; ');
}

/** Holds on the whole cluster. A property set in the inventory must be changed there; one set to false there is about to end. */
function ofCluster({ properties }: DesiredResources, monitor: Monitor): readonly Hold[] {
  const hold = (name: string, what: string): readonly Hold[] => {
    if (properties[name] === 'false') return [];
    const byInventory = properties[name] !== undefined;
    const end = byInventory
      ? `write pacemaker: { properties: { ${name}: false } }`
      : `pcs property set ${name}=false`;
    return [{ what, end }];
  };
  return [
    ...(monitor.maintenance
      ? hold('maintenance-mode', 'the cluster is in maintenance mode: it starts, stops and moves nothing')
      : []),
    ...(monitor.stopsAll ? hold('stop-all-resources', 'the cluster is set to stop all resources') : []),
  ];
}

function unmanaged(desired: DesiredResources, monitor: Monitor, held: Held): readonly Hold[] {
  const ours = desiredIds(desired);
  const byDefault = held.defaults?.get('is-managed') === 'false';
  return [...monitor.unmanaged]
    .filter((id) => ours.has(id))
    .map((resource) => {
      const inMaintenance = held.resources?.find(({ id }) => id === resource)?.inMaintenance ?? false;
      return {
        resource,
        what: `${resource} is ${inMaintenance ? 'in maintenance mode' : 'unmanaged'}: it is neither started nor stopped`,
        end: inMaintenance
          ? `pcs resource meta ${resource} maintenance=`
          : byDefault
            ? 'pcs resource defaults update is-managed='
            : `pcs resource manage ${resource}`,
      };
    });
}

/**
 * Constraints left by `pcs resource ban` and `move`. A ban of a clone always counts; any other ban only when no member
 * remains to run the resource.
 */
function bans(desired: DesiredResources, monitor: Monitor, { constraints }: Held): readonly Hold[] {
  const clones = new Set(desired.resources.filter(({ clone }) => clone).map(({ id }) => cloneOf(id)));
  const members = [...monitor.members.keys()];
  const never = constraints.filter(({ kind, strength }) => kind === 'location' && strength === '-INFINITY');
  const byHand = never.filter(({ id }) => id.startsWith('cli-ban-'));
  return [...desiredIds(desired)].flatMap((resource): readonly Hold[] => {
    const banned = byHand.filter((one) => one.resource === resource && members.includes(one.other));
    if (banned.length === 0) return [];
    const barred = new Set(never.filter((one) => one.resource === resource).map((one) => one.other));
    const nowhere = members.every((name) => barred.has(name));
    if (!nowhere && !clones.has(resource)) return [];
    const hosts = banned.map(({ other }) => other).join(', ');
    return [
      {
        resource,
        what: `${resource} is banned on ${hosts}`,
        end: `pcs resource clear ${resource}`,
      },
    ];
  });
}
