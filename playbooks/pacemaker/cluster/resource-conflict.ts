import { resourceAgents, type DesiredResources } from './desired.ts';
import type { Conflict } from './conflict.ts';
import type { ResourceState } from './resource-state.ts';

/** While it is true and there is no fence device, Pacemaker starts nothing: it is set when the devices are there. */
export const FENCING = 'stonith-enabled';

/** Pure. Why the resources of a cluster cannot be changed without harm, as the member says that was asked. */
export function resourceConflict(desired: DesiredResources, state: ResourceState): Conflict | undefined {
  return (
    withoutQuorum(state) ??
    otherKind(desired, state) ??
    addressInUse(desired, state) ??
    switchesOff(desired, state)
  );
}

/** What a part without a quorum is told may take the place of what the others are told, once they see each other again. */
function withoutQuorum({ monitor }: ResourceState): Conflict | undefined {
  if (monitor.quorate) return undefined;
  return {
    reason: `the cluster has no quorum: ${[...monitor.online].join(', ') || 'no member'} of ${[...monitor.members.keys()].join(', ')} is online`,
    hint: 'bring members back: without quorum the cluster stops its resources',
  };
}

/** To make it what the inventory wants, it would have to be removed: what osha did not make is somebody's. */
function otherKind(desired: DesiredResources, { cib }: ResourceState): Conflict | undefined {
  const wanted = resourceAgents(desired);
  const found = cib.resources.find(
    ({ id, agent }) => !cib.made.has(id) && wanted.has(id) && wanted.get(id) !== agent,
  );
  if (!found) return undefined;
  const { id, agent } = found;
  return {
    reason: `the cluster's resource ${id} is ${agent}, which osha did not make, and is to be ${wanted.get(id) ?? ''}`,
    hint: `if it is no longer needed: pcs ${agent.startsWith('stonith:') ? 'stonith' : 'resource'} delete ${id}`,
  };
}

/**
 * Two resources with one address would put it on two hosts, if only until the other one has given it up. Which of them has
 * to go is not osha's to say: what the inventory does not name may be somebody's.
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
        ? `one at a time: deploy ${found.id} with its new address first, and ${twin[0]} after that; where they change places, give one of them a third address in between`
        : `if it is no longer needed: pcs resource delete ${found.id}`,
    };
  }
  return undefined;
}

/** With fencing on, Pacemaker switches off at once what it does not see: that host may serve with all its other systems. */
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
    reason: `with fencing, the cluster would switch ${unseen.join(', ')} off, which it does not see`,
    hint: `bring ${unseen.join(', ')} into the cluster first, or take what is gone for good out of it: pcs cluster node remove`,
  };
}
