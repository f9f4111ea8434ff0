import {
  isAlone,
  isAtRest,
  isClustered,
  isEmpty,
  isReached,
  isRunning,
  isStarting,
  isWaiting,
  viewOf,
  type Member,
  type Reached,
  type Running,
} from './members.ts';

/** A stopped cluster of which some members lost their data: the others hold all that is left of it. */
export interface Survivors {
  /** The members that hold its data; none of them runs. */
  readonly holders: readonly Reached[];
  /** Members that it lists and that do not know it. */
  readonly lost: readonly Reached[];
}

/**
 * The survivors of a stopped cluster, or `undefined` if it runs, no member lost its data, a member cannot be reached or does
 * not agree about the membership, a node outside the cluster runs, or the cluster has nodes that the inventory does not list.
 */
export function survivorsOf(members: readonly Member[]): Survivors | undefined {
  if (!members.every(isReached)) return undefined;
  const holders = members.filter(isClustered);
  const listed = new Set(holders.flatMap(viewOf));
  const own = new Set(members.map(({ node }) => node));
  const lost = members.filter((member) => !holders.includes(member) && listed.has(member.node));
  const isAgreed =
    holders.every((member) => !isRunning(member) && viewOf(member).length === listed.size) &&
    [...listed].every((node) => own.has(node)) &&
    members.every((member) => listed.has(member.node) || isAtRest(member));
  return holders.length > 0 && lost.length > 0 && isAgreed ? { holders, lost } : undefined;
}

/**
 * Nodes that lost their data, came up alone, and hold nothing: while they run, the nodes with the cluster's data do not start,
 * because "it thinks it is clustered with ..., but ... disagrees". Empty if one of them holds anything.
 */
export function inTheWay({ lost }: Survivors): readonly Running[] {
  const alone = lost.filter(isAlone);
  return alone.every(isEmpty) ? alone : [];
}

/**
 * The holder that starts from its own copy, without waiting for the lost nodes, which is what a node otherwise does if they ran
 * when it stopped (rabbitmqctl(8), force_boot). Only if all holders have the same users, policies and queues on disc, so that
 * no copy is older than another; `undefined` if not, or if it is not certain that the brokers of all nodes are stopped.
 */
export function firstOf({ holders, lost }: Survivors): Reached | undefined {
  if (!lost.every(isAtRest) || !holders.every((member) => isAtRest(member) || isWaiting(member)))
    return undefined;
  const copies = new Set(holders.map(({ observed }) => observed.definitions));
  if (copies.size > 1 || copies.has(undefined)) return undefined;
  return holders.find(isAtRest) ?? holders[0];
}

/**
 * Holders that have just begun to start, and of which is not known yet whether they wait for others, once the lost nodes are
 * stopped: to start one of them from its own copy, it has to be certain that no other one comes up.
 */
export function unsettled({ holders, lost }: Survivors): readonly Reached[] {
  if (!lost.every(isAtRest)) return [];
  return holders.filter(isStarting);
}
