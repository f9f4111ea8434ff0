import {
  type Answers,
  type Change,
  type ClusterDecision,
  type ClusterOperation,
  type Decided,
  type Host,
  type HostChange,
  quote,
  type Secret,
  text,
  within,
} from 'osha';
import { conflictOf, knownOf, type Known, type Wanted } from './conflict.ts';
import { confOf, memberProbe, pcsHosts, type MemberState } from './member-state.ts';
import { evidenceOf } from './recognition.ts';
import { RUNNING } from './resource-state.ts';
import { startScript, type Company } from './start.ts';
import { transportWords } from './transport.ts';

/** The user of the operating system that pcs logs in to the other hosts as. */
export const CLUSTER_USER = 'hacluster';

const TOUCHES: Change['touches'] = ['cluster:pacemaker', 'unit:corosync', 'unit:pacemaker'];

/** The transport is for setting the cluster up; a living one that has another is refused. */
export interface ClusterOptions extends Wanted {
  readonly password: Secret;
  readonly corosyncConf: string;
}

/**
 * The hosts are the members of one Corosync cluster, which runs Pacemaker. A cluster is set up only where no member is in
 * one; later members are added to what is there, and members that the inventory does not name are left alone. Nothing
 * that runs is stopped or restarted. Refuses where a cluster that lives, or the configuration of one, would be lost.
 */
export function cluster(members: readonly Host[], options: ClusterOptions): ClusterOperation<MemberState> {
  const probe = memberProbe(options.corosyncConf);
  return {
    scope: 'cluster',
    title: 'Pacemaker cluster',
    members,
    probe: () => probe,
    decide: (answers) => decideFormation(members, answers, options),
  };
}

/** Pure. See `cluster`. */
export function decideFormation(
  members: readonly Host[],
  answers: Answers<MemberState>,
  options: ClusterOptions,
): ClusterDecision {
  const decided = decide(members, answers, options);
  return decided.verdict === 'converged' ? decided : { ...decided, evidence: evidenceOf(answers) };
}

function decide(members: readonly Host[], answers: Answers<MemberState>, options: ClusterOptions): Decided {
  const conflict = conflictOf(members, answers, options);
  if (conflict) return { verdict: 'refuse', ...conflict };
  const known = knownOf(members, answers);
  const inCluster = known.filter(([, state]) => confOf(state));
  return inCluster.length === 0 ? setUp(members, options) : complete(members, known, inCluster, options);
}

/** Every member has answered, and none is in a cluster: `conflictOf` has seen to it. */
function setUp(members: readonly Host[], options: ClusterOptions): Decided {
  const first = members[0]?.name ?? '';
  const setup: Change = {
    summary: `set up the cluster ${options.name} of ${namesOf(members)}`,
    // What pcs finds of an old cluster on a member it removes before, but for one that runs or has a corosync.conf.
    effects: ['forms', 'wipes', 'starts'],
    // Without --force: should a cluster have come up since it was looked for, pcs refuses to destroy it.
    script: `${patientSetup(`${quote(options.name)} ${pcsHosts(members)}${transportWords(options.transport)}`)}
${startThrough('--all')}`,
    touches: [...TOUCHES, `file:${options.corosyncConf}`],
  };
  return {
    verdict: 'change',
    because: 'no member is in a cluster',
    stages: [
      [
        { host: first, change: authentication(members, options) },
        { host: first, change: setup },
      ],
    ],
  };
}

function complete(
  members: readonly Host[],
  known: Known,
  inCluster: Known,
  options: ClusterOptions,
): Decided {
  const nodes = inCluster.flatMap(([, state]) => confOf(state)?.nodes.map((node) => node.name) ?? []);
  const listed = [...new Set(nodes)];
  const stopped = inCluster.filter(([, state]) => state.runs === undefined || !state.pacemaker);
  const outside = known.filter((entry) => !inCluster.includes(entry)).map(([host]) => host);
  /** Listed, and nobody knows what they do: members that are silent, and nodes that the inventory does not name. */
  const unknown = listed.filter((name) => !known.some(([host]) => host.name === name));
  const silent = unknown.filter((name) => members.some((member) => member.name === name));
  const peer = peerOf(inCluster);
  const reasons: string[] = [];
  const stages: HostChange[][] = [];
  if (stopped.length > 0) {
    // No other member runs anything, and those that still have their files are no majority: one starts without.
    const alone =
      unknown.length === 0 && stopped.length === inCluster.length && stopped.length * 2 <= listed.length;
    const starts = alone ? [peer] : stopped.map(([host]) => host);
    const company = alone ? 'nobody' : listed.length === 2 ? 'both' : 'majority';
    reasons.push(`${namesOf(stopped.map(([host]) => host))} does not run`);
    stages.push(starts.map((host) => ({ host: host.name, change: starting(company) })));
  }
  const stranger = unauthenticated(peer, known);
  if (stranger !== undefined) {
    reasons.push(`${peer.name} may not log in on ${stranger}`);
    stages.push([
      {
        host: peer.name,
        change: authentication(
          known.map(([host]) => host),
          options,
        ),
      },
    ]);
  }
  if (outside.length > 0) {
    const hindrance = whyNotChangeMembers(outside, silent, inCluster);
    if (hindrance !== undefined && stages.length === 0) {
      return { verdict: 'refuse', ...hindrance };
    }
    reasons.push(
      `${namesOf(outside)} is not in the cluster${hindrance ? `, and waits: ${hindrance.reason}` : ''}`,
    );
    if (!hindrance) {
      const lost = outside.filter((host) => listed.includes(host.name));
      if (lost.length > 0) stages.push([{ host: peer.name, change: removal(lost, unknown, options) }]);
      for (const host of outside) stages.push([{ host: peer.name, change: addition(host, options) }]);
    }
  }
  if (stages.length === 0) return { verdict: 'converged' };
  return { verdict: 'change', because: reasons.join('; '), stages };
}

/** The member that pcs is run on: of those that run, the one that sees most others. */
function peerOf(inCluster: Known): Host {
  const weight = ([, { runs, joined = 0 }]: Known[number]): number => (runs ? 1 + joined : 0);
  const best = inCluster.reduce((one, other) => (weight(other) > weight(one) ? other : one));
  return best[0];
}

/**
 * All members have to take a new list of members: one that does not would count its votes by the old one, and could
 * have a quorum without the others when it comes back.
 */
function whyNotChangeMembers(
  outside: readonly Host[],
  silent: readonly string[],
  inCluster: Known,
): { readonly reason: string; readonly hint: string } | undefined {
  const names = namesOf(outside);
  if (silent.length > 0) {
    return {
      reason: `${names} cannot be added to the cluster while ${silent.join(', ')}, which it lists, does not answer`,
      hint: `bring ${silent.join(', ')} back first: each member has to take the new list of members`,
    };
  }
  const running = inCluster.filter(([, { runs }]) => runs);
  const cutOff = running.find(([, { joined = running.length }]) => joined < running.length);
  if (!cutOff) return undefined;
  return {
    reason: `${names} cannot be added to the cluster while its members do not see each other: ${cutOff[0].name} sees ${cutOff[1].joined ?? 0} of ${running.length} that run`,
    hint: `find out what is between them, on ${cutOff[0].name}: corosync-cfgtool -s`,
  };
}

/** The first member that `peer` has no valid token for, other than a member that did not answer. */
function unauthenticated(peer: Host, known: Known): string | undefined {
  const own = known.find(([host]) => host.name === peer.name)?.[1];
  return known.find(([host, state]) => {
    const token = own?.knows.get(host.name);
    return token === undefined || token.address !== host.address || !state.accepts.has(token.token);
  })?.[0].name;
}

function authentication(hosts: readonly Host[], options: ClusterOptions): Change {
  return {
    summary: `authenticate pcs on ${namesOf(hosts)}`,
    effects: [],
    // Without -p, pcs reads the password from stdin: it must not stand in an argument.
    script: `pcs host auth ${pcsHosts(hosts)} -u ${CLUSTER_USER} --request-timeout=${within('pcsRequest')} >/dev/null`,
    input: text`${options.password}\n`,
    touches: ['cluster:pacemaker/logins', 'file:/var/lib/pcsd/known-hosts'],
  };
}

function starting(company: Company): Change {
  return {
    summary: 'start Corosync and Pacemaker',
    effects: ['starts'],
    script: startScript(company),
    touches: [RUNNING, 'unit:corosync', 'unit:pacemaker'],
  };
}

/**
 * Hosts that the cluster lists, and that lost what they knew of it, have to be taken out before they can be added. All
 * at once: pcs cannot change a cluster that lists another host on which there is nothing. A node that osha knows nothing of
 * has to take the new list as well.
 */
function removal(hosts: readonly Host[], unknown: readonly string[], options: ClusterOptions): Change {
  const skip = unknown.length === 0 ? ' --skip-offline' : '';
  return {
    summary: `take ${namesOf(hosts)} out of the cluster, to be added again`,
    effects: ['forgets'],
    script: `pcs cluster node remove ${hosts.map((host) => quote(host.name)).join(' ')}${skip} --request-timeout=${within('pcsRequest')}`,
    touches: [...TOUCHES, `file:${options.corosyncConf}`],
  };
}

/** Without --force: pcs refuses a host on which a cluster came up meanwhile. */
function addition(host: Host, options: ClusterOptions): Change {
  return {
    summary: `add ${host.name} to the cluster`,
    effects: ['starts'],
    script: `pcs cluster node add ${pcsHosts([host])} --enable --request-timeout=${within('pcsRequest')}
${startThrough(quote(host.name))}`,
    touches: [...TOUCHES, `file:${options.corosyncConf}`],
  };
}

/**
 * `pcs cluster setup` gives each of its requests 60 s, and refuses `--request-timeout`. A request that took longer is told
 * in pcs's own words, and the whole is tried again: it begins by clearing what it left, and refuses where a member has a
 * configuration by now.
 */
function patientSetup(words: string): string {
  return `end=$(($(date +%s) + ${within('pcsSetup')}))
until said=$(pcs cluster setup ${words} --enable 2>&1); do
  printf '%s\\n' "$said" >&2
  case $said in *--request-timeout* | *'timed out'*) ;; *) exit 1 ;; esac
  [ "$(date +%s)" -lt "$end" ] || exit 1
  echo 'a host was too slow for pcs: once more' >&2
done`;
}

/** Apart from what comes before: with `--start`, pcs gives a start its own 60 s, whatever `--request-timeout` says. */
function startThrough(hosts: string): string {
  return `pcs cluster start ${hosts} --request-timeout=${within('pcsRequest')} --wait=${within('pacemakerForms')}`;
}

function namesOf(hosts: readonly Host[]): string {
  return hosts.map((host) => host.name).join(', ');
}
