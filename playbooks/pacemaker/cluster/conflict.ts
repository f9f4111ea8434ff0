import type { Answers, Host } from 'osha';
import { isLoopback, isShipped, type CorosyncConf } from './corosync-conf.ts';
import { confOf, isAtRest, isPlaceholder, type MemberState } from './member-state.ts';
import { isTransport, transportInWords, type Transport } from './transport.ts';

/** Members that answered. */
export type Known = readonly (readonly [Host, MemberState])[];

/** Why continuing could break a cluster that lives, or lose what one has configured. */
export interface Conflict {
  readonly reason: string;
  readonly hint: string;
}

/** Which cluster the members are to be in. */
export interface Wanted {
  readonly name: string;
  /** Other names that a cluster of the same inventory may have got when it was set up; default none. */
  readonly formerNames?: readonly string[] | undefined;
  /** How the inventory is told to keep a cluster of another name; default its setting `cluster_name`. */
  readonly keep?: ((name: string) => string) | undefined;
  /** Default any. */
  readonly transport?: Transport | undefined;
}

/** The members that answered, in their order. */
export function knownOf(members: readonly Host[], answers: Answers<MemberState>): Known {
  return members.flatMap((host) => {
    const answer = answers.get(host.name);
    return answer?.reachable ? [[host, answer.observed] as const] : [];
  });
}

/**
 * Pure. What stands against making, or completing, the cluster `wanted` of these members. A cluster is only ever set up
 * where every member has answered, and none is or was in one.
 */
export function conflictOf(
  members: readonly Host[],
  answers: Answers<MemberState>,
  wanted: Wanted,
): Conflict | undefined {
  const known = knownOf(members, answers);
  return (
    otherCluster(wanted, known) ??
    severalClusters(known) ??
    runsWithoutConf(known) ??
    onLoopback(known) ??
    notListed(known) ??
    otherLists(known) ??
    otherNames(known) ??
    noPlaceholder(known) ??
    leftConfiguration(wanted, known) ??
    otherTransport(wanted.transport, known) ??
    silentOnes(members, known)
  );
}

/** Neither pcs nor Corosync changes the transport of a cluster that is there. */
function otherTransport(wanted: Transport | undefined, known: Known): Conflict | undefined {
  if (wanted === undefined) return undefined;
  for (const [host, state] of known) {
    const found = confOf(state)?.transport;
    if (!found || isTransport(found, wanted)) continue;
    const has = transportInWords(found);
    return {
      reason: `the cluster of ${host.name} speaks ${has}, and not ${transportInWords(wanted)}`,
      hint: `it can only be chosen when a cluster is set up: write what it has (transport: ${found.kind}), or give it up with everything it runs, on all of its members: pcs cluster destroy --all`,
    };
  }
  return undefined;
}

/** What a member calls its cluster: what runs and what its file says, or else what it remembers. */
function namesOf(state: MemberState): readonly string[] {
  const conf = confOf(state);
  const remembered = (state.resources ?? 0) > 0 && !conf ? state.cibName : undefined;
  return [state.runs, conf?.clusterName, remembered].flatMap((name) => (name ? [name] : []));
}

function otherCluster({ name, formerNames = [], keep }: Wanted, known: Known): Conflict | undefined {
  const isOurs = (one: string): boolean => one === name || formerNames.includes(one);
  const strange = ([, state]: Known[number]): string | undefined =>
    isPlaceholder(state) ? undefined : namesOf(state).find((one) => !isOurs(one));
  const first = known.find((entry) => strange(entry) !== undefined);
  if (!first) return withoutName(name, known) ?? renamedWhileItRuns(known);
  const other = strange(first) ?? '';
  const hosts = known.filter((entry) => strange(entry) === other).map(([host]) => host.name);
  const how =
    keep?.(other) ?? `write pacemaker: { cluster_name: ${other} }, or the name that it was deployed with`;
  return {
    reason: `the cluster of ${hosts.join(', ')} is called ${other}; the inventory calls it ${name}`,
    hint: `to keep that cluster: ${how}; to give it up with everything it runs: pcs cluster destroy --all, on ${first[0].name}`,
  };
}

function withoutName(name: string, known: Known): Conflict | undefined {
  const found = known.find(([, state]) => confOf(state)?.clusterName === '');
  if (!found) return undefined;
  return {
    reason: `the cluster of ${found[0].name} has no name in its corosync.conf; the inventory calls it ${name}`,
    hint: `if it is that cluster, write cluster_name: ${name} into the section totem of /etc/corosync/corosync.conf on ${found[0].name}, then there: pcs cluster sync corosync`,
  };
}

/** A file that was edited under a Corosync that runs: what it says comes with a restart, which then joins nobody. */
function renamedWhileItRuns(known: Known): Conflict | undefined {
  for (const [host, state] of known) {
    const conf = confOf(state);
    if (!conf || state.runs === undefined || state.runs === '' || state.runs === conf.clusterName) continue;
    return {
      reason: `Corosync runs on ${host.name} as the cluster ${state.runs}, and its corosync.conf calls it ${conf.clusterName}`,
      hint: `write cluster_name: ${state.runs} into /etc/corosync/corosync.conf on ${host.name} again, then there: pcs cluster sync corosync`,
    };
  }
  return undefined;
}

function severalClusters(known: Known): Conflict | undefined {
  const uuids = known.flatMap(([, state]) => confOf(state)?.clusterUuid ?? []);
  if (new Set(uuids).size < 2) return undefined;
  return {
    reason: 'members are in different clusters of the same name',
    hint: 'decide which one stays; on the hosts of the other: pcs cluster destroy',
  };
}

/** Corosync keeps running on what it read when it started, so that a cluster may live without a file that says so. */
function runsWithoutConf(known: Known): Conflict | undefined {
  const found = known.find(([, state]) => !isAtRest(state) && !confOf(state) && !isPlaceholder(state));
  if (!found) return undefined;
  const [{ name }, { runs }] = found;
  return {
    reason: runs
      ? `${name} runs the cluster "${runs}", but has no corosync.conf of it`
      : `${name} may run a cluster: ${runs === undefined ? 'Pacemaker' : 'Corosync'} is not stopped there, and no corosync.conf says of which`,
    hint: `get it back from another member: pcs cluster sync corosync; or give the cluster up: pcs cluster destroy, on ${name}`,
  };
}

/** A cluster that was set up with names that resolve to loopback can have no other member. */
function onLoopback(known: Known): Conflict | undefined {
  const found = known.find(([, state]) => {
    const nodes = confOf(state)?.nodes ?? [];
    return nodes.length > 0 && nodes.every(isLoopback);
  });
  if (!found) return undefined;
  const [host, state] = found;
  return {
    reason: `the cluster ${confOf(state)?.clusterName ?? ''} of ${host.name} has addresses of loopback only, so that no other host can be in it`,
    hint: `if it is no longer needed: pcs cluster destroy, on ${host.name}`,
  };
}

function isListed(host: Host, { nodes }: CorosyncConf): boolean {
  return nodes.some((node) => node.name === host.name || node.address === host.address);
}

/** A host that was removed while it was down still has its file, and would wait for members that do not know it. */
function notListed(known: Known): Conflict | undefined {
  for (const [host, state] of known) {
    if (!confOf(state)) continue;
    const against = known.find(([other, otherState]) => {
      const says = confOf(otherState);
      if (!says || (otherState.runs === undefined && other !== host)) return false;
      return !isListed(host, says);
    });
    if (!against) continue;
    return {
      reason: `${host.name} has the corosync.conf of a cluster in which ${against[0].name} does not list it`,
      hint: `pcs cluster destroy, on ${host.name}; it is added again when you deploy`,
    };
  }
  return undefined;
}

/** Members with different lists count votes differently: each part could have a quorum of its own. */
function otherLists(known: Known): Conflict | undefined {
  const listOf = (state: MemberState): string =>
    (confOf(state)?.nodes.map(({ name, address }) => `${name} ${address}`) ?? []).sort().join();
  const inOne = known.filter(([, state]) => confOf(state));
  const first = inOne.find(([, state]) => state.runs) ?? inOne[0];
  const other = first && inOne.find(([, state]) => listOf(state) !== listOf(first[1]));
  if (!other) return undefined;
  return {
    reason: `the corosync.conf of ${other[0].name} lists other nodes than that of ${first[0].name}`,
    hint: `where that of ${first[0].name} is right, on it: pcs cluster sync corosync`,
  };
}

/** Constraints and commands name nodes: those of a host that the cluster knows by another name would be about nothing. */
function otherNames(known: Known): Conflict | undefined {
  for (const [host, state] of known) {
    const node = confOf(state)?.nodes.find(
      ({ name, address }) => address === host.address && name !== host.name,
    );
    if (!node) continue;
    return {
      reason: `the cluster knows ${host.name} (${host.address}) by the name ${node.name}`,
      hint: `write ${node.name} for it in the inventory`,
    };
  }
  return undefined;
}

/** It has the file that the package comes with, and something says that there was more. */
function noPlaceholder(known: Known): Conflict | undefined {
  const found = known.find(([, state]) => state.conf && isShipped(state.conf) && !isPlaceholder(state));
  return found && leftOver(found);
}

/** Setting up a cluster starts with an empty configuration. */
function leftConfiguration({ name, formerNames = [] }: Wanted, known: Known): Conflict | undefined {
  if (known.some(([, state]) => confOf(state))) return undefined;
  const isReal = ({ resources = 0, cibNodes = 0, cibName = name }: MemberState): boolean =>
    resources > 0 || cibNodes > 1 || (cibName !== name && !formerNames.includes(cibName));
  const found = known.find(([, state]) => isReal(state) && !isPlaceholder(state));
  return found && leftOver(found);
}

function leftOver([{ name }, { resources = 0, cibName }]: Known[number]): Conflict {
  const cluster = cibName === undefined ? 'a cluster' : `the cluster ${cibName}`;
  return {
    reason: `${name} holds the configuration of ${cluster} (${resources} resources), and no corosync.conf of it`,
    hint: `get that file back from another member: pcs cluster sync corosync; or if they are no longer needed: pcs cluster destroy, on ${name}`,
  };
}

/** A silent member may be in the cluster that the others are not in. */
function silentOnes(members: readonly Host[], known: Known): Conflict | undefined {
  if (known.some(([, state]) => confOf(state))) return undefined;
  const answered = new Set(known.map(([host]) => host.name));
  const silent = members.filter(({ name }) => !answered.has(name)).map(({ name }) => name);
  if (silent.length === 0) return undefined;
  return {
    reason: `no member that answers is in a cluster, and ${silent.join(', ')} may be in one`,
    hint: `bring ${silent.join(', ')} back first: a second cluster would fight the living one over the virtual IPs`,
  };
}
