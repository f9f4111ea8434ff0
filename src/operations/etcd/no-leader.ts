import type { ChangeContext } from './changes.ts';
import * as changes from './changes.ts';
import type { Decided } from '../decided.ts';
import { isLive, isReached, isUnreachable, names, type Member } from './members.ts';

/** What to do where some have data and nobody knows of a leader. */
export function withoutLeader(members: readonly Member[], context: ChangeContext): Decided {
  const missing = members.filter(isUnreachable);
  const holders = members.filter(isReached).filter((member) => member.kind !== 'empty');
  if (missing.length === 0 && holders.every(({ observed }) => observed.forming)) {
    return formationAgain(members, context);
  }
  const listed = holders.find(isLive)?.status.listed;
  const voters = listed
    ? holders.filter(({ identity }) => listed.some(({ id }) => id === identity?.member))
    : holders;
  const of = listed?.length ?? members.length;
  const majority = Math.floor(of / 2) + 1;
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
  const asleep = voters.filter((member) => !isLive(member));
  return {
    verdict: 'change',
    because: asleep.length > 0 ? `not running: ${names(asleep)}` : 'there is no leader',
    stages: [
      asleep.map((member) => changes.start(context, member)),
      voters.map(({ name }) => changes.awaitMember(context, name)),
    ].filter((stage) => stage.length > 0),
  };
}

/**
 * A first formation that was broken off: none of those with data was ever ready, so nothing was ever written. The rest
 * is started as new; ids follow from names, addresses and token, so they come out the same as before.
 */
function formationAgain(members: readonly Member[], context: ChangeContext): Decided {
  return {
    verdict: 'change',
    because: 'the cluster was never formed to the end',
    stages: [
      members.flatMap((member) => {
        if (!isReached(member) || isLive(member)) return [];
        return [
          member.kind === 'empty' ? changes.form(context, member.name) : changes.start(context, member),
        ];
      }),
      members.map(({ name }) => changes.awaitMember(context, name)),
    ].filter((stage) => stage.length > 0),
  };
}
