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
  type Operation,
} from 'osha';
import { confOf, memberProbe, pcsHosts, type MemberState, isPlaceholder } from './member-state.ts';
import { evidenceOf, conflictOf, knownOf, type Known, type Wanted } from './recognition.ts';
import { RUNNING } from './resource-state.ts';
import { transportWords } from './corosync-conf.ts';

/** The system user with which pcs authenticates on the other hosts. */
export const CLUSTER_USER = 'hacluster';

const TOUCHES: Change['touches'] = ['cluster:pacemaker', 'unit:corosync', 'unit:pacemaker'];

/** A new cluster is set up with `transport`; an existing one with another transport is refused. */
export interface ClusterOptions extends Wanted {
  readonly password: Secret;
  readonly corosyncConf: string;
}

/**
 * The hosts are members of one Corosync cluster, which runs Pacemaker. A new cluster is set up only when no host is in one;
 * otherwise hosts are added to the existing one. Nodes that the inventory does not list are left alone; those that are
 * offline can be pruned. Nothing that runs is stopped or restarted. Refuses when an existing cluster or its configuration
 * could be lost.
 */
export function clusterFormed(
  members: readonly Host[],
  options: ClusterOptions,
): ClusterOperation<MemberState> {
  const probe = memberProbe(options.corosyncConf);
  return {
    scope: 'cluster',
    title: 'Pacemaker cluster',
    members,
    probe: () => probe,
    decide: (answers) => decideFormation(members, answers, options),
  };
}

/** Pure. See `clusterFormed`. */
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

/** `conflictOf` guarantees that every member has answered and none is in a cluster. */
function setUp(members: readonly Host[], options: ClusterOptions): Decided {
  const first = members[0]?.name ?? '';
  const setup: Change = {
    summary: `set up the cluster ${options.name} of ${namesOf(members)}`,
    // pcs erases the remains of an old cluster on members, unless it runs or has a corosync.conf.
    effects: ['forms', 'wipes', 'starts'],
    // Without --force, pcs refuses to destroy a cluster that was started since the probe.
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
  /** Listed nodes of unknown state: members that did not answer, and nodes outside the inventory. */
  const unknown = listed.filter((name) => !known.some(([host]) => host.name === name));
  const silent = unknown.filter((name) => members.some((member) => member.name === name));
  const peer = peerOf(inCluster);
  const reasons: string[] = [];
  const stages: HostChange[][] = [];
  if (stopped.length > 0) {
    // No other node can run anything, and the members that still have corosync.conf are no majority: one starts without quorum.
    const alone =
      unknown.length === 0 && stopped.length === inCluster.length && stopped.length * 2 <= listed.length;
    const starts = alone ? [peer] : stopped.map(([host]) => host);
    const company = alone ? 'nobody' : listed.length === 2 ? 'both' : 'majority';
    reasons.push(`the cluster is not running on ${namesOf(stopped.map(([host]) => host))}`);
    stages.push(starts.map((host) => ({ host: host.name, change: starting(company) })));
  }
  const stranger = unauthenticated(peer, known);
  if (stranger !== undefined) {
    reasons.push(`pcs on ${peer.name} is not authenticated on ${stranger}`);
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
      `${namesOf(outside)} is not in the cluster${hindrance ? `, but must wait: ${hindrance.reason}` : ''}`,
    );
    if (!hindrance) {
      const lost = outside.filter((host) => listed.includes(host.name));
      if (lost.length > 0) stages.push([{ host: peer.name, change: removal(lost, unknown, options) }]);
      for (const host of outside) stages.push([{ host: peer.name, change: addition(host, options) }]);
    }
  }
  if (stages.length > 0) return { verdict: 'change', because: reasons.join('; '), stages };
  return offlineStrangers(members, known, unknown) ? forgetStrangers(unknown, peer, options) : CONVERGED;
}

const CONVERGED: Decided = { verdict: 'converged' };

/**
 * Whether all nodes that the inventory does not list are offline: every member runs, and Corosync sees no more nodes than
 * the members.
 */
function offlineStrangers(members: readonly Host[], known: Known, strangers: readonly string[]): boolean {
  return (
    strangers.length > 0 &&
    known.length === members.length &&
    known.every(([, { joined, pacemaker }]) => pacemaker && joined === members.length)
  );
}

/** Removes offline nodes that the inventory does not list, if the run prunes. */
function forgetStrangers(strangers: readonly string[], peer: Host, options: ClusterOptions): Decided {
  return {
    verdict: 'change',
    because: `not in the inventory: ${strangers.join(', ')}`,
    stages: strangers.map((node) => [{ host: peer.name, change: forgetting(node, options) }]),
  };
}

/** The member on which pcs is run: the running one that sees the most nodes. */
function peerOf(inCluster: Known): Host {
  const weight = ([, { runs, joined = 0 }]: Known[number]): number => (runs ? 1 + joined : 0);
  const best = inCluster.reduce((one, other) => (weight(other) > weight(one) ? other : one));
  return best[0];
}

/**
 * Why nodes cannot be added now, if so. Every member must receive the new node list: one that misses it counts votes by
 * the old list, and could have quorum without the others.
 */
function whyNotChangeMembers(
  outside: readonly Host[],
  silent: readonly string[],
  inCluster: Known,
): { readonly reason: string; readonly hint: string } | undefined {
  const names = namesOf(outside);
  if (silent.length > 0) {
    return {
      reason: `${names} cannot be added to the cluster while its node ${silent.join(', ')} does not respond`,
      hint: `bring ${silent.join(', ')} back first: every member must receive the new node list`,
    };
  }
  const running = inCluster.filter(([, { runs }]) => runs);
  const cutOff = running.find(([, { joined = running.length }]) => joined < running.length);
  if (!cutOff) return undefined;
  return {
    reason: `${names} cannot be added to the cluster while its members do not see each other: ${cutOff[0].name} sees ${cutOff[1].joined ?? 0} of ${running.length} that run`,
    hint: `check the links, on ${cutOff[0].name}: corosync-cfgtool -s`,
  };
}

/** The first member that answered and for which `peer` has no valid token. */
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
    // Without -p, pcs reads the password from stdin, which keeps it out of the process list.
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
 * Listed hosts that lost their configuration must be removed before they can be added again. All at once: pcs cannot
 * change a cluster while it lists another such host. With nodes of unknown state, offline ones are not skipped, because
 * they must receive the new node list too.
 */
function removal(hosts: readonly Host[], unknown: readonly string[], options: ClusterOptions): Change {
  const skip = unknown.length === 0 ? ' --skip-offline' : '';
  return {
    summary: `remove ${namesOf(hosts)} from the cluster, to add it again`,
    effects: ['forgets'],
    script: `pcs cluster node remove ${hosts.map((host) => quote(host.name)).join(' ')}${skip} --request-timeout=${within('pcsRequest')}`,
    touches: [...TOUCHES, `file:${options.corosyncConf}`],
  };
}

/**
 * Checks again on the spot: a node that came online may run resources. With --force, because pcs asks the node itself whether
 * its removal costs the quorum; that of an offline one cannot, where the others have it.
 */
function forgetting(node: string, options: ClusterOptions): Change {
  return {
    summary: `remove ${node} from the cluster (not in the inventory, offline)`,
    effects: ['forgets'],
    script: `seen=$(crm_mon --one-shot --output-as=xml)
if ! printf '%s\\n' "$seen" | grep -F ${quote(`<node name="${node}"`)} | grep -q 'online="false"'; then
  echo ${quote(`${node} is not offline: it is not removed`)} >&2
  exit 1
fi
if ! corosync-quorumtool -s | grep -q '^Quorate: *Yes'; then
  echo 'the cluster has no quorum: nothing is removed' >&2
  exit 1
fi
pcs cluster node remove ${quote(node)} --skip-offline --force --request-timeout=${within('pcsRequest')}`,
    touches: [...TOUCHES, `file:${options.corosyncConf}`],
    prunes: true,
  };
}

/** Without --force, pcs refuses a host on which a cluster was started since the probe. */
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
 * `pcs cluster setup` has a fixed timeout of 60 s per request and rejects `--request-timeout`. After a timeout it is
 * retried: it first erases the remains of the failed attempt, and refuses when a member has a configuration.
 */
function patientSetup(words: string): string {
  return `end=$(($(date +%s) + ${within('pcsSetup')}))
until said=$(pcs cluster setup ${words} --enable 2>&1); do
  printf '%s\\n' "$said" >&2
  case $said in *--request-timeout* | *'timed out'*) ;; *) exit 1 ;; esac
  [ "$(date +%s)" -lt "$end" ] || exit 1
  echo 'a host was too slow for pcs: retrying' >&2
done`;
}

/** A separate command, because `--start` has a fixed timeout of 60 s and ignores `--request-timeout`. */
function startThrough(hosts: string): string {
  return `pcs cluster start ${hosts} --request-timeout=${within('pcsRequest')} --wait=${within('pacemakerForms')}`;
}

function namesOf(hosts: readonly Host[]): string {
  return hosts.map((host) => host.name).join(', ');
}

/**
 * Which members must be visible before Pacemaker starts on one. `majority`: Corosync has quorum. `both`: a member of two
 * sees the other one, because each of two keeps quorum alone after they lose contact. `nobody`: none, because all other
 * members are known to run nothing.
 */
export type Company = 'majority' | 'both' | 'nobody';

/**
 * Starts Corosync, then Pacemaker once enough members are visible: an isolated member would run the same resources as the
 * others when the cluster ignores quorum (`no-quorum-policy: ignore`, the default for two members). Waits until the
 * members have elected a coordinator and it has accepted this member.
 */
export function startScript(company: Company): string {
  return `systemctl start corosync
tries=0
${company === 'nobody' ? '' : waiting(company)}systemctl start pacemaker
until seen=$(crm_mon --one-shot --output-as=xml 2>/dev/null) && printf '%s\n' "$seen" | grep -q '<current_dc present="true"' &&
  printf '%s\n' "$seen" | grep "<node name=\\"$(crm_node --name)\\"" | grep 'online="true"' | grep -q 'pending="false"'; do
  tries=$((tries + 1))
  [ "$tries" -lt ${within('pacemakerForms')} ] || { echo 'the members elected no coordinator that accepted this one' >&2; exit 1; }
  sleep 1
done`;
}

function waiting(company: Exclude<Company, 'nobody'>): string {
  const both = company === 'both' ? ` && printf '%s\\n' "$seen" | grep -q '^Nodes: *2'` : '';
  return `if ! systemctl -q is-active pacemaker; then
  while :; do
    seen=$(corosync-quorumtool -s 2>/dev/null) || :
    if printf '%s\\n' "$seen" | grep -q '^Quorate: *Yes'${both}; then break; fi
    tries=$((tries + 1))
    if [ "$tries" -ge ${within('pacemakerForms')} ]; then
      echo 'Corosync does not see enough members; Pacemaker was not started, because it could run the same resources as the others' >&2
      printf '%s\\n' "$seen" >&2
      exit 1
    fi
    sleep 1
  done
fi
`;
}

/** Backup folder of the example cluster's CIB: Pacemaker would reload older copies left in its own folder. */
const KEPT = '/var/lib/pacemaker/cib-of-the-package';

/**
 * Removes the single-node loopback cluster of Debian's Corosync package: pcs sets up no cluster on a host that already is
 * in one. Left alone when anything suggests another cluster; see `isPlaceholder`.
 */
export function noPlaceholder(confPath: string): Operation<MemberState> {
  return {
    scope: 'host',
    title: `no cluster of one in ${confPath}`,
    effects: ['stops', 'wipes'],
    probe: memberProbe(confPath),
    decide: (state) =>
      isPlaceholder(state)
        ? [
            {
              summary: 'remove the example cluster "debian" of the Corosync package',
              effects: ['stops', 'wipes'],
              script: placeholderRemoval(quote(confPath)),
              touches: ['cluster:pacemaker', `file:${confPath}`, 'unit:corosync', 'unit:pacemaker'],
            },
          ]
        : [],
  };
}

/** Checks again before it stops anything, because a cluster may have been set up since the probe. */
function placeholderRemoval(conf: string): string {
  return `conf=${conf}
cib=/var/lib/pacemaker/cib
other() { echo "this is no longer the example cluster of the package: $1" >&2; exit 1; }
[ "$(sed -n 's/^[[:space:]]*cluster_name:[[:space:]]*//p' "$conf")" = debian ] || other "$conf has another name"
[ "$(grep -c '^[[:space:]]*ring0_addr:' "$conf")" -eq 1 ] || other "$conf lists several nodes"
case $(timeout ${within('corosyncCmapctl')} corosync-cmapctl -g totem.cluster_name 2>/dev/null | sed -n 's/.* = //p') in
  '' | debian) ;;
  *) other 'Corosync runs as another' ;;
esac
[ ! -e $cib/cib.xml ] || ! grep -qE '<(primitive|bundle) ' $cib/cib.xml || other 'it has resources'
systemctl stop pacemaker corosync
kept=
for file in $cib/cib*; do
  [ -e "$file" ] || continue
  [ -n "$kept" ] || kept=$(mktemp -d ${KEPT}.XXXXXX)
  mv -- "$file" "$kept/"
done
rm -f -- "$conf"`;
}
