import type { Decided } from 'osha';
import { isLed, isLive, names, stateOf, type Live, type Member, type Reached } from './members.ts';

type Refusal = Extract<Decided, { verdict: 'refuse' }>;

/** What has to be clear about every member that was reached, before anything is done to one of them. */
export function doubtAbout(reached: readonly Reached[]): Refusal | undefined {
  return (
    elsewhere(reached) ??
    unmounted(reached) ??
    vanished(reached) ??
    unreadable(reached) ??
    twoClusters(reached)
  );
}

/** Members whose data is not where the next start would look for it: they would start without it. */
export function elsewhere(reached: readonly Reached[]): Refusal | undefined {
  for (const { name, kind, observed } of reached) {
    const { now, next } = observed.directory;
    if (now === undefined || next === undefined) {
      return {
        verdict: 'refuse',
        reason: `etcd on ${name} reads its own configuration file: the location of its data is unknown`,
        hint: `see "systemctl cat etcd" on ${name}, and take --config-file out of it`,
      };
    }
    if (now !== next && kind !== 'empty') {
      return {
        verdict: 'refuse',
        reason: `etcd on ${name} keeps its data in ${now}, and would start on ${next} with the inventory's configuration`,
        hint: `mount what holds ${now} at ${next}, or keep the directory with a drop-in of the unit: ExecStart=/usr/bin/etcd --data-dir ${now}`,
      };
    }
  }
  return undefined;
}

/** What does not run may have its data on a disk that is missing; what runs has it open. */
function unmounted(reached: readonly Reached[]): Refusal | undefined {
  for (const { name, kind, observed } of reached) {
    if (kind !== 'live' && observed.unmounted !== undefined) {
      return {
        verdict: 'refuse',
        reason: `etcd's data on ${name} belongs on ${observed.unmounted}, which is not mounted`,
        hint: `mount it (mount ${observed.unmounted}), or take it out of /etc/fstab there`,
      };
    }
  }
  return undefined;
}

/** What runs on files that are gone would start without them. */
function vanished(reached: readonly Reached[]): Refusal | undefined {
  for (const member of reached) {
    const { data, directory } = member.observed;
    if (isLive(member) && data?.identity?.member !== member.identity.member) {
      return {
        verdict: 'refuse',
        reason: `etcd on ${member.name} answers as ${member.identity.member}, whose data is not in ${directory.now ?? 'sight'}`,
        hint: `do not stop it before its data is safe: etcdctl snapshot save FILE on ${member.name}; see "systemctl cat etcd" for where it should be`,
      };
    }
  }
  return undefined;
}

function unreadable(reached: readonly Reached[]): Refusal | undefined {
  const unclear = reached.filter((member) => member.kind !== 'empty' && !member.identity);
  const [first] = unclear;
  if (!first) return undefined;
  const { data, directory } = first.observed;
  if (data?.fragment !== undefined) {
    return {
      verdict: 'refuse',
      reason: `etcd's data on ${first.name} is incomplete: ${data.fragment} is there, and no log belongs to it`,
      hint: `restore ${directory.now ?? 'it'} there, or move it aside where the other members have all data`,
    };
  }
  if (!data) {
    return {
      verdict: 'refuse',
      reason: `etcd on ${names(unclear)} has no data, and something of it runs: ${unclear.map(stateOf).join('; ')}`,
      hint: `see "journalctl -u etcd" on ${first.name}, and stop what runs there without data`,
    };
  }
  return {
    verdict: 'refuse',
    reason: `whose data ${names(unclear)} has cannot be read`,
    hint: `see "journalctl -u etcd" on ${first.name}; where the other members have all data, move ${directory.now ?? 'it'} aside there`,
  };
}

function twoClusters(reached: readonly Reached[]): Refusal | undefined {
  const clusters = new Map<string, string[]>();
  for (const { identity, name } of reached) {
    if (!identity) continue;
    clusters.set(identity.cluster, [...(clusters.get(identity.cluster) ?? []), name]);
  }
  if (clusters.size < 2) return undefined;
  const sides = [...clusters].map(([id, hosts]) => `${hosts.join(', ')} (${id})`).join(' and ');
  return {
    verdict: 'refuse',
    reason: `there is data of different clusters: ${sides}`,
    hint: 'stop etcd on the side to give up, move its data directory aside, and run again',
  };
}

/** Members that have a leader, and disagree about who is in the cluster: no list can be relied on. */
export function divided(led: readonly Live[]): Refusal | undefined {
  const lists = new Map<string, string[]>();
  for (const { name, status } of led) {
    const list = status.listed
      .map(({ id }) => id)
      .sort()
      .join(' ');
    lists.set(list, [...(lists.get(list) ?? []), name]);
  }
  if (lists.size < 2) return undefined;
  const sides = [...lists].map(([list, hosts]) => `${hosts.join(', ')} (${list})`).join(' and ');
  return {
    verdict: 'refuse',
    reason: `the members disagree about who is in the cluster: ${sides}`,
    hint: 'run again once they agree: etcdctl member list on each of them',
  };
}

/** A member whose address changed since the cluster took it in: the others would not find it. */
export function movedMember(members: readonly Member[], seed: Live): Refusal | undefined {
  for (const member of members) {
    if (member.kind === 'unreachable') continue;
    const own = seed.status.listed.find(({ id }) => id === member.identity?.member);
    if (own && !own.peerUrls.includes(member.peerUrl)) {
      return {
        verdict: 'refuse',
        reason: `the cluster knows ${member.name} at ${own.peerUrls.join(', ')}, not at ${member.peerUrl}`,
        hint: `if that is where it is now, say so on ${seed.name}: etcdctl member update ${own.id} --peer-urls=${member.peerUrl}`,
      };
    }
    const namesake = seed.status.listed.find(
      ({ name, peerUrls }) => name === member.name && !peerUrls.includes(member.peerUrl),
    );
    if (!own && namesake) {
      return {
        verdict: 'refuse',
        reason: `the cluster has a ${member.name} at ${namesake.peerUrls.join(', ')}, whose data is not the one at ${member.peerUrl}: it may run there`,
        hint: `when it is gone for good, take it out on ${seed.name}: etcdctl member remove ${namesake.id}`,
      };
    }
  }
  return undefined;
}

/** A member that runs, though the cluster does not list it: its data is not moved aside under it. */
export function unlistedAlive(outside: readonly Reached[], seed: Live): Refusal | undefined {
  const alive = outside.filter(({ kind }) => kind !== 'stopped' && kind !== 'empty');
  const [first] = alive;
  if (!first) return undefined;
  return {
    verdict: 'refuse',
    reason: `the cluster of ${seed.name} does not list ${names(alive)}, and it runs there: ${alive.map(stateOf).join('; ')}`,
    hint: `if it is not needed, stop it on ${first.name} (systemctl stop etcd), and run again: it joins then`,
  };
}

/** True where a member serves its clients. */
export function isHealthy(member: Member): member is Live {
  return isLive(member) && isLed(member) && member.status.healthy;
}
