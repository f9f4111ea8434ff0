import { type Change, type Operation, ProbeError, quote } from 'osha';
import type { Cib } from './cib.ts';
import { constraintChanges, sameConstraint } from './constraints.ts';
import { cloneOf, withoutResources, type DesiredConstraint, type DesiredResources } from './desired.ts';
import { fenceChanges } from './fence.ts';
import { pcs } from './pcs.ts';
import { groupChanges, resourceChanges, type Attach } from './placement.ts';
import { pruning, recording, unrecorded } from './prune.ts';
import { FENCING, resourceConflict } from './resource-conflict.ts';
import { resourceProbe, type ResourceState } from './resource-state.ts';

/**
 * The cluster's properties, resources, groups, fence devices and constraints are what is desired: compared with the
 * live configuration and changed one by one. What osha makes it notes there, and takes away again with `--prune`
 * when the inventory no longer names it. Members of groups that come later are not made here. To be done once per cluster.
 */
export function resources(desired: DesiredResources): Operation<ResourceState> {
  return {
    scope: 'host',
    runsOnce: true,
    title: 'cluster resources',
    effects: ['starts', 'stops', 'restarts'],
    probe: resourceProbe,
    decide: (state) => decideResources(desired, state),
  };
}

/** Pure. See `resources`. Throws a `ProbeError` where that would do harm: see `resourceConflict`. */
export function decideResources(whole: DesiredResources, state: ResourceState): readonly Change[] {
  const { cib, monitor } = state;
  const conflict = resourceConflict(whole, state);
  if (conflict) throw new ProbeError(`${conflict.reason}: ${conflict.hint}`);
  const there = new Set(cib.resources.map(({ id }) => id));
  const desired = withoutResources(whole, ({ id, later }) => later === true && !there.has(id));
  // What failed of those that come later may only be put right by their own phase.
  const own = withoutResources(whole, ({ later }) => later === true);
  const grouped = own.groups.flatMap((group) => group.resources);
  const ids = [...own.resources, ...grouped, ...own.fences].map(({ id }) => id);
  const enables = ([name, value]: readonly [string, string]): boolean => name === FENCING && value === 'true';
  const fencing = Object.entries(desired.properties).filter(enables);
  const others = Object.entries(desired.properties).filter((one) => !enables(one));
  const { attach, remaining } = attaching(desired, cib);
  return [
    ...settings('property', Object.fromEntries(others), cib.properties),
    ...settings('default', desired.defaults, cib.defaults),
    ...desired.fences.flatMap((fence) => fenceChanges(fence, cib, attach([fence.id]))),
    ...settings('property', Object.fromEntries(fencing), cib.properties),
    ...desired.resources.flatMap((resource) => resourceChanges(resource, cib, attach)),
    ...desired.groups.flatMap((group) => groupChanges(group, cib, attach)),
    ...remaining().flatMap((constraint) => constraintChanges(constraint, cib)),
    ...ids
      .filter((id) => monitor.failed.has(id))
      .map((id) =>
        pcs(`clean up ${id}: ${monitor.failed.get(id) ?? ''}`, `resource cleanup ${id}`, ['starts']),
      ),
    ...recording(unrecorded(desired, cib)),
    ...pruning(whole, cib),
  ];
}

/**
 * Constraints are made together with the later one of the two that they are about, so that it never runs without them;
 * those that are missing between things that are there remain.
 */
function attaching(
  desired: DesiredResources,
  cib: Cib,
): { readonly attach: Attach; readonly remaining: () => readonly DesiredConstraint[] } {
  const pending = new Set(
    desired.constraints.filter((wanted) => !cib.constraints.some((found) => sameConstraint(wanted, found))),
  );
  const present = new Set([
    ...cib.resources.flatMap(({ id, cloned }) => [id, ...(cloned ? [cloneOf(id)] : [])]),
    ...cib.groups.map(({ id }) => id),
  ]);
  const attach: Attach = (ids) => {
    const created = ids.filter((id) => !present.has(id));
    for (const id of ids) present.add(id);
    const given = [...pending].filter(
      ({ kind, resource, other }) =>
        present.has(resource) &&
        (kind === 'location' || present.has(other)) &&
        created.some((id) => id === resource || id === other),
    );
    for (const one of given) pending.delete(one);
    return given;
  };
  return { attach, remaining: () => [...pending] };
}

/** Properties that stop, start and move nothing. */
const QUIET: readonly string[] = [
  'pe-warn-series-max',
  'pe-input-series-max',
  'pe-error-series-max',
  'cluster-recheck-interval',
  'no-quorum-policy',
  'start-failure-is-fatal',
  FENCING,
];

/** All of one kind in one command: each command of pcs takes the better part of a second. */
function settings(
  kind: 'property' | 'default',
  desired: Readonly<Record<string, string>>,
  found: ReadonlyMap<string, string>,
): readonly Change[] {
  const changed = Object.entries(desired).filter(([name, value]) => found.get(name) !== value);
  if (changed.length === 0) return [];
  const command = kind === 'property' ? 'property set' : 'resource defaults update';
  const words = changed.map(([name, value]) => {
    const before = found.get(name);
    return `${name} to ${value}${before === undefined ? '' : ` (it is ${before})`}`;
  });
  return [
    pcs(
      `set ${kind === 'property' ? 'properties of the cluster' : 'defaults of resources'}: ${words.join(', ')}`,
      `${command} ${changed.map(([name, value]) => quote(`${name}=${value}`)).join(' ')}`,
      // Another stickiness moves what prefers another host; a property of the operator's own may do anything.
      changed.every(([name]) => kind === 'property' && QUIET.includes(name)) ? [] : ['stops', 'restarts'],
    ),
  ];
}
