import type { Host } from '../../inventory/types.ts';
import type { Secret } from '../../secrets/secret.ts';
import { text } from '../../secrets/text.ts';
import type {
  Answers,
  Change,
  ClusterDecision,
  ClusterOperation,
  Evidence,
  HostChange,
} from '../../playbook/operation.ts';
import { quote } from '../shell.ts';
import { confOf, conflictOf, type Known } from './conflict.ts';
import { transportWords, type Transport } from './transport.ts';
import { memberProbe, pcsHosts, type MemberState } from './member-state.ts';

/** Seconds that all members may take to see each other. */
const FORMED_WITHIN_SECONDS = 120;
/** The user of the operating system that pcs logs in to the other hosts as. */
export const CLUSTER_USER = 'hacluster';

const TOUCHES: Change['touches'] = ['cluster:pacemaker', 'unit:corosync', 'unit:pacemaker'];

export interface ClusterOptions {
  readonly name: string;
  readonly password: Secret;
  readonly corosyncConf: string;
  /** For setting the cluster up; a living one that has another is refused. Default knet, and any that lives. */
  readonly transport?: Transport;
}

/**
 * The hosts are the members of one Corosync cluster, which runs Pacemaker. A cluster is set up only where no member is in
 * one; later members are added to what is there, and members that the inventory does not name are left alone. Refuses
 * where a cluster that lives, or the configuration of one, would be lost.
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
  const evidence = evidenceOf(answers);
  const known: Known = members.flatMap((host) => {
    const answer = answers.get(host.name);
    return answer?.reachable ? [[host, answer.observed] as const] : [];
  });
  const silent = members.filter((host) => answers.get(host.name)?.reachable !== true);
  const conflict = conflictOf(options, known);
  if (conflict) return { verdict: 'refuse', ...conflict, evidence };
  const inCluster = known.filter(([, state]) => confOf(state));
  return inCluster.length === 0
    ? setUp(members, silent, known, options, evidence)
    : join(members, silent, known, inCluster, options, evidence);
}

function setUp(
  members: readonly Host[],
  silent: readonly Host[],
  known: Known,
  options: ClusterOptions,
  evidence: Evidence,
): ClusterDecision {
  const first = known[0]?.[0];
  if (silent.length > 0 || !first) {
    const names = silent.map((host) => host.name).join(', ');
    return {
      verdict: 'refuse',
      reason: `no member that answers is in a cluster, and ${names} may be in one`,
      hint: `bring ${names} back first: a second cluster beside a living one would fight over the virtual IPs`,
      evidence,
    };
  }
  const setup: Change = {
    summary: `set up the cluster ${options.name} of ${members.map((host) => host.name).join(', ')}`,
    // Without --force: should a cluster have come up since it was looked for, pcs refuses to destroy it.
    script: `pcs cluster setup ${quote(options.name)} ${pcsHosts(members)}${transportWords(options.transport)} --start --enable --wait=${FORMED_WITHIN_SECONDS}`,
    touches: [...TOUCHES, `file:${options.corosyncConf}`],
  };
  return {
    verdict: 'change',
    because: 'no member is in a cluster',
    evidence,
    stages: [
      [
        { host: first.name, change: authentication(members, options) },
        { host: first.name, change: setup },
      ],
    ],
  };
}

function join(
  members: readonly Host[],
  silent: readonly Host[],
  known: Known,
  inCluster: Known,
  options: ClusterOptions,
  evidence: Evidence,
): ClusterDecision {
  const listed = new Set(
    inCluster.flatMap(([, state]) => confOf(state)?.nodes.map((node) => node.name) ?? []),
  );
  const stopped = inCluster
    .filter(([, state]) => state.runs === undefined || !state.pacemaker)
    .map(([host]) => host);
  const live = inCluster.find(([, state]) => state.runs !== undefined);
  const outside = known.filter((entry) => !inCluster.includes(entry)).map(([host]) => host);
  const reasons: string[] = [];
  const stages: HostChange[][] = [];
  if (stopped.length > 0) {
    reasons.push(`${namesOf(stopped)} does not run`);
    stages.push(stopped.map((host) => ({ host: host.name, change: starting() })));
  }
  const peer = (live ?? inCluster[0])?.[0];
  const stranger = peer === undefined ? undefined : unauthenticated(peer, known);
  if (peer && stranger) {
    reasons.push(`${peer.name} may not log in on ${stranger}`);
    const reachable = members.filter((host) => !silent.includes(host));
    stages.push([{ host: peer.name, change: authentication(reachable, options) }]);
  }
  if (peer && outside.length > 0) {
    reasons.push(`${namesOf(outside)} is not in the cluster`);
    const lost = outside.filter((host) => listed.has(host.name));
    if (lost.length > 0) stages.push([{ host: peer.name, change: removal(lost, options) }]);
    for (const host of outside) stages.push([{ host: peer.name, change: addition(host, options) }]);
  }
  if (stages.length === 0) return { verdict: 'converged', evidence };
  return { verdict: 'change', because: reasons.join('; '), evidence, stages };
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
    // Without -p, pcs reads the password from stdin: it must not stand in an argument.
    script: `pcs host auth ${pcsHosts(hosts)} -u ${CLUSTER_USER} >/dev/null`,
    input: text`${options.password}\n`,
    touches: ['cluster:pacemaker', 'file:/var/lib/pcsd/known-hosts'],
  };
}

function starting(): Change {
  return {
    summary: 'start Corosync and Pacemaker',
    script: `systemctl start corosync pacemaker
tries=0
until crm_mon --one-shot --output-as=xml 2>/dev/null | grep -q '<current_dc present="true"'; do
  tries=$((tries + 1))
  [ "$tries" -lt ${FORMED_WITHIN_SECONDS} ] || { echo 'the members elected no coordinator' >&2; exit 1; }
  sleep 1
done`,
    touches: TOUCHES,
  };
}

/**
 * Hosts that the cluster lists, and that lost what they knew of it, have to be taken out before they can be added. All
 * at once: pcs cannot change a cluster that lists another host on which there is nothing.
 */
function removal(hosts: readonly Host[], options: ClusterOptions): Change {
  return {
    summary: `take ${namesOf(hosts)} out of the cluster, to be added anew`,
    script: `pcs cluster node remove ${hosts.map((host) => quote(host.name)).join(' ')} --skip-offline`,
    touches: [...TOUCHES, `file:${options.corosyncConf}`],
  };
}

function addition(host: Host, options: ClusterOptions): Change {
  return {
    summary: `add ${host.name} to the cluster`,
    script: `pcs cluster node add ${pcsHosts([host])} --start --enable --wait=${FORMED_WITHIN_SECONDS}`,
    touches: [...TOUCHES, `file:${options.corosyncConf}`],
  };
}

function namesOf(hosts: readonly Host[]): string {
  return hosts.map((host) => host.name).join(', ');
}

function evidenceOf(answers: Answers<MemberState>): Evidence {
  return {
    columns: ['member', 'cluster', 'its nodes', 'corosync'],
    rows: [...answers].map(([name, answer]) => {
      if (!answer.reachable) return [name, answer.reason, '', ''];
      const { runs } = answer.observed;
      const conf = confOf(answer.observed);
      return [
        name,
        conf?.clusterName ?? 'none',
        conf?.nodes.map((node) => node.name).join(' ') ?? '',
        runs === undefined ? 'stopped' : 'runs',
      ];
    }),
  };
}
