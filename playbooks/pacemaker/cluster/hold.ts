import type { CibConstraint, CibResource } from './cib.ts';
import { cloneOf, type DesiredResources } from './desired.ts';
import type { Monitor } from './monitor.ts';
import { desiredIds } from './prune.ts';

/** What somebody told the cluster, and what keeps it from running what the inventory wants. */
export interface Hold {
  /** Absent where it is about the cluster as a whole, or about a resource. */
  readonly host?: string;
  readonly resource?: string;
  /** "controller2 is in standby". */
  readonly what: string;
  /** The command that ends it, on any member. */
  readonly end: string;
}

/** The parts of a configuration (CIB) that may hold something back; those that were not asked for may be left out. */
export interface Held {
  readonly constraints: readonly CibConstraint[];
  readonly resources?: readonly CibResource[];
  readonly defaults?: ReadonlyMap<string, string>;
}

/** How the hold on a member is ended, by its condition. */
const NODES: Readonly<Record<string, (name: string) => Hold>> = {
  standby: (name) => ({
    host: name,
    what: `${name} is in standby`,
    end: `pcs node unstandby ${name}`,
  }),
  'standby on failure': (name) => ({
    host: name,
    what: `${name} is in standby since a resource failed on it`,
    end: `pcs resource cleanup node=${name}`,
  }),
  maintenance: (name) => ({
    host: name,
    what: `${name} is in maintenance mode`,
    end: `pcs node unmaintenance ${name}`,
  }),
};

/** What holds a member of this condition back; nothing where it is none that somebody told it. */
export function nodeHold(name: string, condition: string): Hold | undefined {
  return NODES[condition]?.(name);
}

/**
 * Pure. What an operator, or a failure with that consequence, told the cluster not to do. osha ends none of it on its own:
 * there was a reason for it. Resources that are disabled are none of these: the inventory wants them to run, and
 * `resources` enables them.
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

/** A property that the inventory itself sets is changed there; one that it sets to false is about to be. */
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
    ...(monitor.stopsAll
      ? hold('stop-all-resources', 'the cluster is told to stop all of its resources')
      : []),
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
 * What `pcs resource ban` and `move` left. It holds a clone back on each host that it names; anything else only where it
 * leaves no member to run it.
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
