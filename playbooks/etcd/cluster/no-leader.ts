import type { ChangeContext } from './changes.ts';
import * as changes from './changes.ts';
import type { Decided } from 'osha';
import {
  isForming,
  isLive,
  isReached,
  isUnreachable,
  majorityOf,
  names,
  type Member,
  type Reached,
} from './members.ts';
import { silentMembers } from './silent.ts';

/**
 * What to do where some have data and nobody knows of a leader: those that stopped are started, where they and what runs
 * can be a majority. What runs is not touched.
 */
export function withoutLeader(members: readonly Member[], context: ChangeContext): Decided {
  const missing = members.filter(isUnreachable);
  const holders = members.filter(isReached).filter((member) => member.kind !== 'empty');
  const again = formationAgain(members, holders, context);
  if (again) return again;
  const listed = holders.find(isLive)?.status.listed;
  const voters = listed
    ? holders.filter(({ identity }) => listed.some(({ id }) => id === identity?.member))
    : holders;
  const of = listed?.length ?? members.length;
  const majority = majorityOf(of);
  if (voters.length < majority) {
    const found = `the cluster has no leader, and only ${voters.length} of its ${of} members can be brought back: ${names(voters) || 'none'}; ${majority} are needed`;
    return missing.length > 0
      ? { verdict: 'refuse', reason: found, hint: `bring ${names(missing)} back first` }
      : {
          verdict: 'refuse',
          reason: `${found}, and the others have lost their data`,
          hint: 'restore it by hand from a snapshot (etcdctl snapshot restore), or from the data of one of these (etcd --force-new-cluster)',
        };
  }
  const asleep = voters.filter(({ kind }) => kind === 'stopped' || kind === 'starting');
  if (asleep.length === 0) {
    const silent = silentMembers(members, of, context);
    if (silent) return silent;
  }
  return {
    verdict: 'change',
    because: asleep.length > 0 ? `not running: ${names(asleep)}` : 'there is no leader',
    stages: [
      asleep.map((member) => changes.start(context, member)),
      voters.filter(({ kind }) => kind !== 'silent').map(({ name }) => changes.awaitMember(context, name)),
    ].filter((stage) => stage.length > 0),
    ...(asleep.length < members.length ? { then: 'what the other members need once there is a leader' } : {}),
  };
}

/**
 * A first formation that broke off, of the members that the inventory names now: none of those with data ever heard of a
 * leader. The rest is started as part of the same formation; nothing where it was another one, or came to its end.
 */
function formationAgain(
  members: readonly Member[],
  holders: readonly Reached[],
  context: ChangeContext,
): Decided | undefined {
  const formation = holders[0]?.observed.formation;
  const same =
    formation?.initialCluster === context.initialCluster &&
    holders.every((member) => isForming(member) && member.observed.formation?.token === formation.token);
  if (!formation || !same || members.some(isUnreachable)) return undefined;
  return {
    verdict: 'change',
    because: 'the first formation of the cluster broke off',
    stages: [
      members
        .filter(isReached)
        .map((member) =>
          member.kind === 'empty' ? changes.form(context, member, formation) : changes.start(context, member),
        ),
      members.map(({ name }) => changes.awaitMember(context, name)),
    ],
  };
}
