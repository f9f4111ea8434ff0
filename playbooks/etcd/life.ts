import { type Host, type Life, type Platform, type Spare, spareCheck } from 'osha';
import {
  isHealthy,
  isLed,
  isLive,
  isReached,
  majorityOf,
  membersOf,
  names,
  type Member,
} from './cluster/members.ts';
import { observeMember } from './cluster/observe.ts';

/** How the cluster lives while its hosts come and go. */
export function life(hosts: readonly Host[], { platform }: { readonly platform: Platform }): Life {
  return {
    okToStop: (host) => [
      spareCheck({
        members: hosts,
        probe: (member) => observeMember(platform, member),
        judge: (answers) => judgeSpare(host.name, membersOf(hosts, answers)),
      }),
    ],
    units: () => [platform.units.etcd],
  };
}

/** Whether a majority of all voters that the cluster lists is healthy without the host. Pure. */
export function judgeSpare(host: string, members: readonly Member[]): Spare {
  const view = members.filter(isLive).find(isLed);
  if (!view) {
    const evidence = 'no member knows a leader';
    return members.every(isReached)
      ? {
          verdict: 'needed',
          evidence: `${evidence}: the cluster needs every member to find a majority`,
          hint: 'start the cluster first: osha deploy INVENTORY --only etcd',
        }
      : { verdict: 'unknown', evidence: `${evidence}, of those that answered` };
  }
  const remaining = members.filter(
    (member) => member.name !== host && isHealthy(member) && member.status.cluster === view.status.cluster,
  );
  const voters = view.status.listed.length;
  const evidence = `${remaining.length} of ${voters} members remain${remaining.length > 0 ? `: ${names(remaining)}` : ''}`;
  return remaining.length >= majorityOf(voters)
    ? { verdict: 'spared', evidence }
    : {
        verdict: 'needed',
        evidence: `${evidence}; a majority is ${majorityOf(voters)}`,
        hint: 'bring the other members back first: osha deploy INVENTORY --only etcd',
      };
}
