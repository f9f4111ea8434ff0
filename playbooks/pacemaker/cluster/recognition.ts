import type { Answers, ClusterDecision, ClusterOperation, Evidence, Host } from 'osha';
import { confOf, memberProbe, type MemberState, isAtRest, isPlaceholder } from './member-state.ts';
import {
  isLoopback,
  isShipped,
  type CorosyncConf,
  isTransport,
  transportInWords,
  type Transport,
} from './corosync-conf.ts';

export interface RecognitionOptions extends Wanted {
  readonly corosyncConf: string;
}

/**
 * Checks that the hosts are in the cluster of the inventory, or in none yet. Changes nothing. Refuses when they are in
 * another one, or when a cluster cannot be formed or completed safely; see `conflictOf`.
 */
export function recognised(
  members: readonly Host[],
  options: RecognitionOptions,
): ClusterOperation<MemberState> {
  const probe = memberProbe(options.corosyncConf);
  return {
    scope: 'cluster',
    title: 'cluster of the hosts',
    members,
    probe: () => probe,
    decide: (answers) => decideRecognition(members, answers, options),
  };
}

/** Pure. See `recognised`. */
export function decideRecognition(
  members: readonly Host[],
  answers: Answers<MemberState>,
  wanted: Wanted,
): ClusterDecision {
  const conflict = conflictOf(members, answers, wanted);
  if (!conflict) return { verdict: 'converged' };
  return { verdict: 'refuse', ...conflict, evidence: evidenceOf(answers) };
}

/** The evidence table: the cluster of each member. */
export function evidenceOf(answers: Answers<MemberState>): Evidence {
  return {
    columns: ['member', 'cluster', 'its nodes', 'corosync', 'pacemaker'],
    rows: [...answers].map(([name, answer]) => {
      if (!answer.reachable) return [name, answer.reason, '', '', ''];
      const { runs, pacemaker } = answer.observed;
      const conf = confOf(answer.observed);
      return [
        name,
        conf?.clusterName ?? 'none',
        conf?.nodes.map((node) => node.name).join(' ') ?? '',
        runs === undefined ? 'stopped' : `runs as ${runs === '' ? 'an unknown cluster' : runs}`,
        pacemaker ? 'runs' : 'stopped',
      ];
    }),
  };
}

/** The members that answered, with their states. */
export type Known = readonly (readonly [Host, MemberState])[];

/** Why the deployment must stop, so as not to break an existing cluster or lose its configuration. */
export interface Conflict {
  readonly reason: string;
  readonly hint: string;
}

/** The cluster that the inventory describes. */
export interface Wanted {
  readonly name: string;
  /** Names that the cluster may have received when it was set up from the same inventory; default: none. */
  readonly formerNames?: readonly string[] | undefined;
  /** Hint on how to keep a cluster with another name; default: the setting `cluster_name`. */
  readonly keep?: ((name: string) => string) | undefined;
  /** Default: any. */
  readonly transport?: Transport | undefined;
}

/** The members that answered, in inventory order. */
export function knownOf(members: readonly Host[], answers: Answers<MemberState>): Known {
  return members.flatMap((host) => {
    const answer = answers.get(host.name);
    return answer?.reachable ? [[host, answer.observed] as const] : [];
  });
}

/**
 * The first reason not to set up or complete the cluster `wanted` with these members. Without any, a cluster is set up
 * only when every member has answered and none is or was in a cluster. Pure.
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

/** pcs cannot change the transport of an existing cluster. */
function otherTransport(wanted: Transport | undefined, known: Known): Conflict | undefined {
  if (wanted === undefined) return undefined;
  for (const [host, state] of known) {
    const found = confOf(state)?.transport;
    if (!found || isTransport(found, wanted)) continue;
    const has = transportInWords(found);
    return {
      reason: `the cluster of ${host.name} uses the transport ${has}; the inventory wants ${transportInWords(wanted)}`,
      hint: `the transport of an existing cluster cannot change: set transport: ${found.kind}, or give it up with everything it runs, on all of its members: pcs cluster destroy --all`,
    };
  }
  return undefined;
}

/** The cluster names on a member: of the running Corosync and `corosync.conf`, or else of the CIB on disk. */
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
    keep?.(other) ??
    `set pacemaker: { cluster_name: ${other} }, or the inventory name with which it was deployed`;
  return {
    reason: `the cluster of ${hosts.join(', ')} is called ${other}; the inventory calls it ${name}`,
    hint: `to keep it: ${how}; to destroy it with everything it runs: pcs cluster destroy --all, on ${first[0].name}`,
  };
}

function withoutName(name: string, known: Known): Conflict | undefined {
  const found = known.find(([, state]) => confOf(state)?.clusterName === '');
  if (!found) return undefined;
  return {
    reason: `the cluster of ${found[0].name} has no name in its corosync.conf; the inventory calls it ${name}`,
    hint: `if it is this cluster, set cluster_name: ${name} in the totem section of /etc/corosync/corosync.conf on ${found[0].name}, then run there: pcs cluster sync corosync`,
  };
}

/** `corosync.conf` was edited while Corosync runs: after a restart, the member could not join the others. */
function renamedWhileItRuns(known: Known): Conflict | undefined {
  for (const [host, state] of known) {
    const conf = confOf(state);
    if (!conf || state.runs === undefined || state.runs === '' || state.runs === conf.clusterName) continue;
    return {
      reason: `Corosync runs on ${host.name} as the cluster ${state.runs}, but its corosync.conf names ${conf.clusterName}`,
      hint: `set cluster_name: ${state.runs} in /etc/corosync/corosync.conf on ${host.name} again, then run there: pcs cluster sync corosync`,
    };
  }
  return undefined;
}

function severalClusters(known: Known): Conflict | undefined {
  const uuids = known.flatMap(([, state]) => confOf(state)?.clusterUuid ?? []);
  if (new Set(uuids).size < 2) return undefined;
  return {
    reason: 'members are in different clusters of the same name',
    hint: 'decide which one to keep; on the hosts of the other one: pcs cluster destroy',
  };
}

/** A cluster can run without its `corosync.conf`, because Corosync reads it only at startup. */
function runsWithoutConf(known: Known): Conflict | undefined {
  const found = known.find(([, state]) => !isAtRest(state) && !confOf(state) && !isPlaceholder(state));
  if (!found) return undefined;
  const [{ name }, { runs }] = found;
  return {
    reason: runs
      ? `${name} runs the cluster "${runs}", but has no corosync.conf for it`
      : `${name} may run a cluster: ${runs === undefined ? 'Pacemaker' : 'Corosync'} is not stopped there, and its corosync.conf is missing`,
    hint: `restore it from another member: pcs cluster sync corosync; or destroy the cluster, on ${name}: pcs cluster destroy`,
  };
}

/** A cluster set up with names that resolve to loopback addresses can have no other members. */
function onLoopback(known: Known): Conflict | undefined {
  const found = known.find(([, state]) => {
    const nodes = confOf(state)?.nodes ?? [];
    return nodes.length > 0 && nodes.every(isLoopback);
  });
  if (!found) return undefined;
  const [host, state] = found;
  return {
    reason: `the cluster ${confOf(state)?.clusterName ?? ''} of ${host.name} has only loopback addresses, so no other host can join it`,
    hint: `if it is no longer needed, on ${host.name}: pcs cluster destroy`,
  };
}

function isListed(host: Host, { nodes }: CorosyncConf): boolean {
  return nodes.some((node) => node.name === host.name || node.address === host.address);
}

/** A host removed while it was down still has `corosync.conf`, and would wait for members that do not list it. */
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
      reason: `${host.name} has the corosync.conf of a cluster, but ${against[0].name} does not list it`,
      hint: `on ${host.name}: pcs cluster destroy; the next deployment adds it again`,
    };
  }
  return undefined;
}

/** Members with different node lists count votes differently, so several partitions could have quorum. */
function otherLists(known: Known): Conflict | undefined {
  const listOf = (state: MemberState): string =>
    (confOf(state)?.nodes.map(({ name, address }) => `${name} ${address}`) ?? []).sort().join();
  const inOne = known.filter(([, state]) => confOf(state));
  const first = inOne.find(([, state]) => state.runs) ?? inOne[0];
  const other = first && inOne.find(([, state]) => listOf(state) !== listOf(first[1]));
  if (!other) return undefined;
  return {
    reason: `the corosync.conf of ${other[0].name} lists other nodes than that of ${first[0].name}`,
    hint: `if that of ${first[0].name} is right, run there: pcs cluster sync corosync`,
  };
}

/** Constraints and commands refer to node names, and would fail for a host with another name in the cluster. */
function otherNames(known: Known): Conflict | undefined {
  for (const [host, state] of known) {
    const node = confOf(state)?.nodes.find(
      ({ name, address }) => address === host.address && name !== host.name,
    );
    if (!node) continue;
    return {
      reason: `the cluster lists ${host.name} (${host.address}) as ${node.name}`,
      hint: `rename the host to ${node.name} in the inventory`,
    };
  }
  return undefined;
}

/** `corosync.conf` is that of the package, but other evidence points to a real cluster. */
function noPlaceholder(known: Known): Conflict | undefined {
  const found = known.find(([, state]) => state.conf && isShipped(state.conf) && !isPlaceholder(state));
  return found && leftOver(found);
}

/** `pcs cluster setup` would erase the configuration of a former cluster. */
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
    reason: `${name} has the configuration of ${cluster} (${resources} resources), but no corosync.conf`,
    hint: `restore that file from another member: pcs cluster sync corosync; or if the cluster is no longer needed, on ${name}: pcs cluster destroy`,
  };
}

/** A member that did not answer may be in an existing cluster. */
function silentOnes(members: readonly Host[], known: Known): Conflict | undefined {
  if (known.some(([, state]) => confOf(state))) return undefined;
  const answered = new Set(known.map(([host]) => host.name));
  const silent = members.filter(({ name }) => !answered.has(name)).map(({ name }) => name);
  if (silent.length === 0) return undefined;
  return {
    reason: `no reachable member is in a cluster, but ${silent.join(', ')} may be in one`,
    hint: `bring ${silent.join(', ')} back first: a second cluster would compete with the existing one for the virtual IPs`,
  };
}
