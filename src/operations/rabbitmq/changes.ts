import { clusterChange } from '../cluster-change.ts';
import type { Change, HostChange } from '../../playbook/operation.ts';
import { startScript } from '../service-script.ts';
import { quote } from '../shell.ts';
import { CLUSTER } from './observe.ts';

/** What a node keeps its part of the cluster's database on. */
export type NodeKind = 'disc' | 'ram';

/** What the changes need to know of the hosts. */
export interface ChangeContext {
  readonly unit: string;
  readonly members: number;
  /** Whether the node of a host keeps its data on disc, or in memory only. */
  kindOf(host: string): NodeKind;
  /** Where the node of a host keeps its data. */
  dataDirectory(host: string): string;
}

/** Seconds that a node may wait at its start for the tables of others: RabbitMQ itself gives up after 10 x 30. */
const START_SECONDS = 600;

/** Seconds in which a node that is up has to answer, before it is restarted. */
const ANSWER_SECONDS = 60;

/** Seconds in which mirrors have to be in step, before a node may be restarted. */
const SPARE_SECONDS = 300;

function change(
  context: ChangeContext,
  summary: string,
  script: string,
  seconds: number,
  files: readonly string[] = [],
): Change {
  return clusterChange({ cluster: CLUSTER, unit: context.unit, summary, script, seconds, files });
}

/** The unit is active; in a shell of its own, because the script that starts a unit ends with `exit`. */
function started(context: ChangeContext, verb: 'start' | 'restart', touched: readonly string[] = []): string {
  return `(\n${startScript(context.unit, verb, touched)}\n)`;
}

/**
 * Starts a node. After an outage of all nodes, each waits for those that stopped after it: they have to be started at
 * the same time.
 */
export function start(context: ChangeContext, host: string): HostChange {
  return { host, change: change(context, 'start rabbitmq', started(context, 'start'), START_SECONDS) };
}

/**
 * Restarts a node that is up and does not answer. Where its files are newer than it, another cookie is the reason; else
 * it may only be slow, and is given time to answer first.
 */
export function revive(context: ChangeContext, host: string, newer: boolean): HostChange {
  const patience = newer
    ? ''
    : `end=$(($(date +%s) + ${ANSWER_SECONDS}))
while [ "$(date +%s)" -lt "$end" ]; do
  if timeout 20 rabbitmq-diagnostics -q ping >/dev/null 2>&1; then exit 0; fi
  sleep 2
done
`;
  const summary = 'restart rabbitmq (it does not answer)';
  const script = `${patience}${started(context, 'restart')}`;
  return { host, change: change(context, summary, script, START_SECONDS + ANSWER_SECONDS) };
}

/** Starts the broker in a node that is up. */
export function startBroker(context: ChangeContext, host: string): HostChange {
  const script = 'rabbitmqctl -q start_app';
  return { host, change: change(context, 'start the broker (rabbitmqctl start_app)', script, START_SECONDS) };
}

/** Stops the broker in a node that is going to be reset; the node is started where it is not up. */
export function stopBroker(context: ChangeContext, host: string): HostChange {
  const script = `${started(context, 'start')}\nrabbitmqctl -q stop_app`;
  return { host, change: change(context, 'stop the broker, to join anew', script, START_SECONDS) };
}

/** Lets a live peer forget a node that lost its data; with that data gone, it could never come back as the one it was. */
export function forget(context: ChangeContext, host: string, node: string): HostChange {
  const script = `rabbitmqctl -q forget_cluster_node ${quote(node)}`;
  return { host, change: change(context, `forget ${node}, which lost its data`, script, 120) };
}

/** Empties a node and lets it join the cluster of `seed`. */
export function join(context: ChangeContext, host: string, seed: string): HostChange {
  const script = `${started(context, 'start')}
rabbitmqctl -q stop_app
rabbitmqctl -q reset
rabbitmqctl -q join_cluster ${context.kindOf(host) === 'ram' ? '--ram ' : ''}${quote(seed)}
rabbitmqctl -q start_app
rabbitmqctl -q await_startup --timeout 120`;
  return { host, change: change(context, `join the cluster of ${seed}`, script, START_SECONDS) };
}

/**
 * Starts a node anew whose cluster went on without it. It would refuse to start with what it remembers, and cannot be
 * reset without being started. Its data is moved aside, not deleted.
 */
export function startEmpty(context: ChangeContext, host: string): HostChange {
  const directory = quote(context.dataDirectory(host));
  const script = `systemctl stop -- ${quote(context.unit)}
mv -- ${directory} ${directory}.left-"$(date -u +%Y%m%dT%H%M%SZ)"
${started(context, 'start')}`;
  return {
    host,
    change: change(
      context,
      'start without its data (moved aside): its cluster has forgotten it',
      script,
      START_SECONDS,
    ),
  };
}

/** Waits until no queue depends on a node alone; asked on the spot, because mirrors of another may still catch up. */
function awaitSpared(context: ChangeContext): string {
  if (context.members === 1) return '';
  return `end=$(($(date +%s) + ${SPARE_SECONDS}))
until rabbitmq-queues -q check_if_node_is_mirror_sync_critical >/dev/null &&
  rabbitmq-queues -q check_if_node_is_quorum_critical >/dev/null; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo 'queues still depend on this node alone after ${SPARE_SECONDS} s: it cannot be spared' >&2
    exit 1
  fi
  sleep 2
done
`;
}

/** Restarts a node on its changed configuration, once no queue depends on it alone. */
export function restart(
  context: ChangeContext,
  host: string,
  why: string,
  touched: readonly string[],
): HostChange {
  const script = `${awaitSpared(context)}${started(context, 'restart', touched)}
rabbitmqctl -q await_online_nodes ${context.members} --timeout 120`;
  return {
    host,
    change: change(context, `restart rabbitmq (${why})`, script, SPARE_SECONDS + START_SECONDS, touched),
  };
}

/**
 * Lets a node keep its data on disc, or in memory only, from now on. Its broker stands still for it, so no queue may
 * depend on it alone, and all others have to run now: a node in memory gets its data back from one on disc.
 */
export function retype(context: ChangeContext, host: string, kind: NodeKind): HostChange {
  const script = `rabbitmqctl -q await_online_nodes ${context.members} --timeout 10
${awaitSpared(context)}rabbitmqctl -q stop_app
status=0
rabbitmqctl -q change_cluster_node_type ${kind} || status=$?
rabbitmqctl -q start_app
rabbitmqctl -q await_startup --timeout 120
rabbitmqctl -q await_online_nodes ${context.members} --timeout 120
exit $status`;
  const summary = kind === 'ram' ? 'keep its data in memory only' : 'keep its data on disc';
  return {
    host,
    change: change(
      context,
      `${summary} (change_cluster_node_type ${kind})`,
      script,
      SPARE_SECONDS + START_SECONDS,
    ),
  };
}
