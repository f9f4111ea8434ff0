import type { Decided } from 'osha';
import { isLive, names, stateOf, type Live, type Member, type Reached } from './members.ts';

type Refusal = Extract<Decided, { verdict: 'refuse' }>;

/** Refuses while the data of any reached member is in doubt: before that is clear, no member is touched. */
export function refuseUnclear(reached: readonly Reached[]): Refusal | undefined {
  return (
    refuseDataElsewhere(reached) ??
    refuseUnmounted(reached) ??
    refuseVanishedData(reached) ??
    refuseUnreadable(reached) ??
    refuseTwoClusters(reached)
  );
}

/** Refuses if the next start of a member would look for its data in another directory, and start without it. */
export function refuseDataElsewhere(reached: readonly Reached[]): Refusal | undefined {
  for (const { name, kind, observed } of reached) {
    const { now, next } = observed.directory;
    if (now === undefined || next === undefined) {
      return {
        verdict: 'refuse',
        reason: `etcd on ${name} reads its own configuration file, so the location of its data is unknown`,
        hint: `see "systemctl cat etcd" on ${name}, and remove --config-file from it`,
      };
    }
    if (now !== next && kind !== 'empty') {
      return {
        verdict: 'refuse',
        reason: `etcd on ${name} keeps its data in ${now}, but would start on ${next} with the inventory's configuration`,
        hint: `mount the file system of ${now} at ${next}, or keep the directory with a drop-in for the unit: ExecStart=/usr/bin/etcd --data-dir ${now}`,
      };
    }
  }
  return undefined;
}

/** Refuses if a member that does not run may have its data on a missing disk; a running one has its data open. */
function refuseUnmounted(reached: readonly Reached[]): Refusal | undefined {
  for (const { name, kind, observed } of reached) {
    if (kind !== 'live' && observed.unmounted !== undefined) {
      return {
        verdict: 'refuse',
        reason: `etcd's data on ${name} belongs on ${observed.unmounted}, which is not mounted`,
        hint: `mount it on ${name} (mount ${observed.unmounted}), or remove it from /etc/fstab there`,
      };
    }
  }
  return undefined;
}

/** Refuses if a member runs on deleted files: it would start without its data. */
function refuseVanishedData(reached: readonly Reached[]): Refusal | undefined {
  for (const member of reached) {
    const { data, directory } = member.observed;
    if (isLive(member) && data?.identity?.member !== member.identity.member) {
      return {
        verdict: 'refuse',
        reason: `etcd on ${member.name} answers as member ${member.identity.member}, but the data of that member is not in ${directory.now ?? 'its data directory'}`,
        hint: `do not stop it before its data is safe: etcdctl snapshot save FILE on ${member.name}; systemctl cat etcd shows where it should be`,
      };
    }
  }
  return undefined;
}

function refuseUnreadable(reached: readonly Reached[]): Refusal | undefined {
  const unclear = reached.filter((member) => member.kind !== 'empty' && !member.identity);
  const [first] = unclear;
  if (!first) return undefined;
  const { data, directory } = first.observed;
  if (data?.fragment !== undefined) {
    return {
      verdict: 'refuse',
      reason: `etcd's data on ${first.name} is incomplete: ${data.fragment} exists without its write-ahead log`,
      hint: `restore ${directory.now ?? 'it'} there, or move it aside if the other members have all the data`,
    };
  }
  if (!data) {
    return {
      verdict: 'refuse',
      reason: `etcd on ${names(unclear)} has no data, but something runs there: ${unclear.map(stateOf).join('; ')}`,
      hint: `check "journalctl -u etcd" on ${first.name}, and stop the process that runs there without data`,
    };
  }
  return {
    verdict: 'refuse',
    reason: `cannot read which member and cluster the data on ${names(unclear)} belongs to`,
    hint: `check "journalctl -u etcd" on ${first.name}; if the other members have all the data, move ${directory.now ?? 'it'} aside there`,
  };
}

function refuseTwoClusters(reached: readonly Reached[]): Refusal | undefined {
  const clusters = new Map<string, string[]>();
  for (const { identity, name } of reached) {
    if (!identity) continue;
    clusters.set(identity.cluster, [...(clusters.get(identity.cluster) ?? []), name]);
  }
  if (clusters.size < 2) return undefined;
  const sides = [...clusters].map(([id, hosts]) => `${hosts.join(', ')} (${id})`).join(' and ');
  return {
    verdict: 'refuse',
    reason: `the members hold data of different clusters: ${sides}`,
    hint: 'choose the cluster to keep; on the other side, stop etcd, move its data directory aside, and run again',
  };
}

/** Refuses if members with a leader report different member lists: none of them can be relied on. */
export function refuseDivided(led: readonly Live[]): Refusal | undefined {
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
    reason: `the members report different member lists: ${sides}`,
    hint: 'run again once "etcdctl member list" prints the same on all of them',
  };
}

/** Refuses if the cluster lists a member at another address: the others would not find it. */
export function refuseMoved(members: readonly Member[], seed: Live): Refusal | undefined {
  for (const member of members) {
    if (member.kind === 'unreachable') continue;
    const own = seed.status.listed.find(({ id }) => id === member.identity?.member);
    if (own && !own.peerUrls.includes(member.peerUrl)) {
      return {
        verdict: 'refuse',
        reason: `the cluster lists ${member.name} at ${own.peerUrls.join(', ')}, not at ${member.peerUrl}`,
        hint: `if ${member.peerUrl} is its new address, update it on ${seed.name}: etcdctl member update ${own.id} --peer-urls=${member.peerUrl}`,
      };
    }
    const namesake = seed.status.listed.find(
      ({ name, peerUrls }) => name === member.name && !peerUrls.includes(member.peerUrl),
    );
    if (!own && namesake) {
      return {
        verdict: 'refuse',
        reason: `the cluster lists another ${member.name} at ${namesake.peerUrls.join(', ')}, whose data is not that of ${member.peerUrl}: it may still run there`,
        hint: `if it is gone for good, remove it on ${seed.name}: etcdctl member remove ${namesake.id}`,
      };
    }
  }
  return undefined;
}

/** Refuses if a member runs that the cluster does not list: its data must not be moved while it runs. */
export function refuseUnlistedRunning(outside: readonly Reached[], seed: Live): Refusal | undefined {
  const alive = outside.filter(({ kind }) => kind !== 'stopped' && kind !== 'empty');
  const [first] = alive;
  if (!first) return undefined;
  return {
    verdict: 'refuse',
    reason: `the cluster of ${seed.name} does not list ${names(alive)}, which is running: ${alive.map(stateOf).join('; ')}`,
    hint: `if no client needs it, stop it on ${first.name} (systemctl stop etcd) and run again; it then joins`,
  };
}
