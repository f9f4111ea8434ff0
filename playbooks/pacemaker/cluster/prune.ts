import type { Change } from 'osha';
import type { Cib } from './cib.ts';
import { constraintInWords, constraintRemoval, replaces, sameConstraint } from './constraints.ts';
import { cloneOf, type DesiredResources } from './desired.ts';
import { batch } from './pcs.ts';

/** Ids of every resource, group and fence device that the inventory names. */
export function desiredIds(desired: DesiredResources): ReadonlySet<string> {
  const grouped = desired.groups.flatMap((group) => group.resources);
  return new Set([
    ...[...desired.resources, ...grouped, ...desired.groups, ...desired.fences].map(({ id }) => id),
    ...desired.resources.filter(({ clone }) => clone).map(({ id }) => cloneOf(id)),
  ]);
}

/** Ids in the configuration that osha would have made, and did not note: from before it noted anything. */
export function unrecorded(desired: DesiredResources, cib: Cib): readonly string[] {
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

/** Notes what was made before osha noted anything, or made by somebody else just as the inventory wants it. */
export function recording(ids: readonly string[]): readonly Change[] {
  if (ids.length === 0) return [];
  return [
    batch(`note that these are the inventory's: ${ids.join(', ')}`, {
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
 * What osha made and the inventory no longer names. A resource goes with its constraints, and a group with its last
 * member, so that neither is told twice.
 */
export function pruning(desired: DesiredResources, cib: Cib): readonly Change[] {
  const wanted = desiredIds(desired);
  const resources = cib.resources.filter(({ id }) => cib.made.has(id) && !wanted.has(id));
  const gone = new Set(resources.flatMap(({ id }) => [id, cloneOf(id)]));
  // What a resource leaves that the inventory places elsewhere is gone by the time this is done.
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
        // It is stopped first, which an edited copy of the configuration could not wait for.
        effects: ['stops'],
        before: [`pcs ${agent.startsWith('stonith:') ? 'stonith' : 'resource'} delete ${id}`],
        commands: [],
        prunes: true,
      }),
    ),
  ];
}
