import { type Change, type Operation, ProbeError, quote } from 'osha';
import {
  cloneOf,
  withoutResources,
  type DesiredConstraint,
  type DesiredResources,
  sameConstraint,
  resourceAgents,
  desiredIds,
  constraintInWords,
} from './desired.ts';
import {
  groupChanges,
  resourceChanges,
  type Attach,
  constraintChanges,
  fenceChanges,
  pcs,
  constraintRemoval,
  replaces,
  batch,
} from './changes.ts';
import { resourceProbe, type ResourceState, type Cib } from './resource-state.ts';
import type { Conflict } from './recognition.ts';

/** Enabled only after the fence devices exist: without one, Pacemaker starts nothing while it is true. */
const FENCING = 'stonith-enabled';

/** Why the resources cannot be changed safely, judged by the view of one member. Pure. */
export function resourceConflict(desired: DesiredResources, state: ResourceState): Conflict | undefined {
  return (
    withoutQuorum(state) ??
    otherKind(desired, state) ??
    addressInUse(desired, state) ??
    switchesOff(desired, state)
  );
}

/** Changes made in a partition without quorum could override those of the others after it rejoins. */
function withoutQuorum({ monitor }: ResourceState): Conflict | undefined {
  if (monitor.quorate) return undefined;
  return {
    reason: `the cluster has no quorum: ${[...monitor.online].join(', ') || 'no member'} of ${[...monitor.members.keys()].join(', ')} is online`,
    hint: 'bring members back: without quorum the cluster stops its resources',
  };
}

/** A resource of another agent would have to be removed first, and osha removes only what it created. */
function otherKind(desired: DesiredResources, { cib }: ResourceState): Conflict | undefined {
  const wanted = resourceAgents(desired);
  const found = cib.resources.find(
    ({ id, agent }) => !cib.made.has(id) && wanted.has(id) && wanted.get(id) !== agent,
  );
  if (!found) return undefined;
  const { id, agent } = found;
  return {
    reason: `the cluster's resource ${id} is ${agent}, which osha did not create; the inventory wants ${wanted.get(id) ?? ''}`,
    hint: `if it is no longer needed: pcs ${agent.startsWith('stonith:') ? 'stonith' : 'resource'} delete ${id}`,
  };
}

/**
 * Two resources with the same address could put it on two hosts. osha does not decide which one has to go: the other
 * resource may be somebody else's.
 */
function addressInUse(desired: DesiredResources, { cib }: ResourceState): Conflict | undefined {
  const grouped = desired.groups.flatMap((group) => group.resources);
  const ours = new Map([...desired.resources, ...grouped].map(({ id, options }) => [id, options['ip']]));
  for (const found of cib.resources) {
    const address = found.options.get('ip');
    if (address === undefined) continue;
    const twin = [...ours].find(([id, ip]) => ip === address && id !== found.id);
    if (!twin) continue;
    return {
      reason: `the cluster's resource ${found.id} holds ${address}, which is for ${twin[0]}`,
      hint: ours.has(found.id)
        ? `use two deployments: first ${found.id} with its new address, then ${twin[0]}; to swap two addresses, use a third one in between`
        : `if it is no longer needed: pcs resource delete ${found.id}`,
    };
  }
  return undefined;
}

/** With fencing enabled, Pacemaker immediately switches off hosts it does not see, which may run other services. */
function switchesOff(
  { properties }: DesiredResources,
  { cib, monitor }: ResourceState,
): Conflict | undefined {
  if (properties[FENCING] !== 'true' || cib.properties.get(FENCING) === 'true') return undefined;
  const unseen = [...monitor.members].flatMap(([name, condition]) =>
    condition === 'offline' || condition === 'unclean' ? [name] : [],
  );
  if (unseen.length === 0) return undefined;
  return {
    reason: `with fencing enabled, the cluster would switch off ${unseen.join(', ')}, which it does not see`,
    hint: `bring ${unseen.join(', ')} back into the cluster first, or remove nodes that are gone for good: pcs cluster node remove`,
  };
}

/**
 * Properties, resources, groups, fence devices and constraints of the cluster are as desired: compared with the live CIB and
 * changed individually. osha records there what it created, and removes it with `--prune` when the inventory no longer
 * lists it. Resources of groups that are configured by later phases are not created here.
 */
export function resourcesConfigured(desired: DesiredResources): Operation<ResourceState> {
  return {
    scope: 'host',
    runsOnce: true,
    title: 'cluster resources',
    effects: ['starts', 'stops', 'restarts'],
    probe: resourceProbe,
    decide: (state) => decideResources(desired, state),
  };
}

/** Pure. See `resourcesConfigured`. Throws a `ProbeError` when the changes would do harm; see `resourceConflict`. */
export function decideResources(whole: DesiredResources, state: ResourceState): readonly Change[] {
  const { cib, monitor } = state;
  const conflict = resourceConflict(whole, state);
  if (conflict) throw new ProbeError(`${conflict.reason}: ${conflict.hint}`);
  const there = new Set(cib.resources.map(({ id }) => id));
  const desired = withoutResources(whole, ({ id, later }) => later === true && !there.has(id));
  // Failures of later resources are left to their own phase.
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
 * Assigns each missing constraint to the creation of the second of its two resources, so that this one never runs without
 * it; `remaining` are those between existing resources.
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

/** Properties whose change starts, stops or moves nothing. */
const QUIET: readonly string[] = [
  'pe-warn-series-max',
  'pe-input-series-max',
  'pe-error-series-max',
  'cluster-recheck-interval',
  'no-quorum-policy',
  'start-failure-is-fatal',
  FENCING,
];

/** Sets all values of one kind in one command, because each pcs command takes almost a second. */
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
      // Stickiness can move resources to preferred hosts; an operator's own property may do anything.
      changed.every(([name]) => kind === 'property' && QUIET.includes(name)) ? [] : ['stops', 'restarts'],
    ),
  ];
}

/** IDs that match the desired configuration but are not in the record. */
function unrecorded(desired: DesiredResources, cib: Cib): readonly string[] {
  const wanted = desiredIds(desired);
  const there = [
    ...cib.resources.flatMap(({ id, cloned }) => [id, ...(cloned ? [cloneOf(id)] : [])]),
    ...cib.groups.map(({ id }) => id),
  ].filter((id) => wanted.has(id));
  const constraints = cib.constraints.filter((found) =>
    desired.constraints.some((one) => sameConstraint(one, found)),
  );
  return [...there, ...constraints.map(({ id }) => id)].filter((id) => !cib.made.has(id));
}

/** Records what was created by an older osha, or by somebody else exactly as desired. */
function recording(ids: readonly string[]): readonly Change[] {
  if (ids.length === 0) return [];
  return [
    batch(`record as created by osha: ${ids.join(', ')}`, {
      effects: [],
      commands: [],
      makes: ids,
    }),
  ];
}

/** "the virtual IP old (resource vip-old)", by what it is. */
function inWords(id: string, agent: string): string {
  if (agent.startsWith('stonith:')) return `the fence device ${id} (${agent})`;
  if (agent === 'ocf:heartbeat:IPaddr2') return `the virtual IP ${id.replace(/^vip-/, '')} (resource ${id})`;
  return `the resource ${id} (${agent})`;
}

/**
 * Removes what osha created and the inventory no longer lists. A resource takes its constraints with it, and the last
 * resource its group, so neither is listed separately.
 */
function pruning(desired: DesiredResources, cib: Cib): readonly Change[] {
  const wanted = desiredIds(desired);
  const resources = cib.resources.filter(({ id }) => cib.made.has(id) && !wanted.has(id));
  const gone = new Set(resources.flatMap(({ id }) => [id, cloneOf(id)]));
  // A group whose desired resources all move elsewhere is empty by the time of pruning.
  const left = cib.groups.filter(
    ({ id, resources }) => !wanted.has(id) && resources.every((one) => gone.has(one) || wanted.has(one)),
  );
  const unmade = cib.resources.filter(
    ({ id, cloned }) => cloned && wanted.has(id) && !wanted.has(cloneOf(id)),
  );
  for (const id of [...left.map((one) => one.id), ...unmade.map((one) => cloneOf(one.id))]) gone.add(id);
  const constraints = cib.constraints.filter(
    (found) =>
      cib.made.has(found.id) &&
      !gone.has(found.resource) &&
      !gone.has(found.other) &&
      !desired.constraints.some((one) => replaces(one, found)),
  );
  return [
    ...constraints.map((found) =>
      batch(`remove the constraint ${found.id} (${constraintInWords(found)})`, {
        effects: ['restarts'],
        commands: [constraintRemoval(found)],
        prunes: true,
      }),
    ),
    ...resources.map(({ id, agent }) =>
      batch(`remove ${inWords(id, agent)}`, {
        // On the live cluster, because pcs stops the resource first.
        effects: ['stops'],
        before: [`pcs ${agent.startsWith('stonith:') ? 'stonith' : 'resource'} delete ${id}`],
        commands: [],
        prunes: true,
      }),
    ),
  ];
}
