import {
  type Change,
  clusterChange,
  type ClusterChange,
  type HostChange,
  LIMITS,
  type Platform,
  quote,
  rabbitmq,
  startScript,
  within,
} from 'osha';

/** Where a node keeps its copy of the cluster's metadata. */
export type NodeType = 'disc' | 'ram';

/** Facts about the hosts that the changes need. */
export interface ChangeContext {
  readonly platform: Platform;
  readonly members: number;
  /** The configured type of a host's node. */
  typeOf(host: string): NodeType;
}

/**
 * Starts a node. After an outage of all nodes, each waits for those that stopped later, so all have to be started at
 * the same time.
 */
export function start(context: ChangeContext, host: string): HostChange {
  return change(context, host, {
    summary: 'start rabbitmq',
    effects: ['starts'],
    script: startUnit(context, 'start'),
    seconds: START_SECONDS,
  });
}

/**
 * Starts the broker in a node that is up, unless it paused itself: that would start the minority side of a partition.
 */
export function startBroker(context: ChangeContext, host: string): HostChange {
  return change(context, host, {
    summary: 'start the broker (rabbitmqctl start_app)',
    effects: ['starts'],
    script: `paused=$(rabbitmqctl -q eval 'is_pid(whereis(rabbit_outside_app_process)).')
if [ "$paused" != false ]; then
  echo 'the broker has paused itself: it resumes once it sees a majority of its cluster' >&2
  exit 1
fi
rabbitmqctl -q start_app`,
    seconds: START_SECONDS,
  });
}

/** Stops a node that runs alone, if it is still empty. */
export function stopEmpty(context: ChangeContext, host: string): HostChange {
  return change(context, host, {
    summary: 'stop rabbitmq (its data is lost, and it is empty)',
    effects: ['stops'],
    script: `${stillEmpty(context, host)}
systemctl stop -- ${quote(context.platform.units.rabbitmq)}`,
    seconds: 120,
  });
}

/**
 * Waits until it is known what a starting node does: it answers, waiting for others or not, or has given up. A node answers
 * within seconds of its start, long before its broker runs.
 */
export function settle(context: ChangeContext, host: string): HostChange {
  const unit = quote(context.platform.units.rabbitmq);
  return change(context, host, {
    summary: 'wait until it answers or gives up',
    effects: [],
    script: `end=$(($(date +%s) + ${within('rabbitmqSettles')}))
while [ "$(systemctl show -p SubState --value -- ${unit})" = start ]; do
  timeout ${within('rabbitmqAnswers')} rabbitmqctl -q eval 'node().' >/dev/null 2>&1 </dev/null && break
  if [ "$(date +%s)" -ge "$end" ]; then echo 'it starts, but does not answer' >&2; exit 1; fi
  sleep 1
done`,
    seconds: LIMITS.rabbitmqSettles,
  });
}

/** Starts a node that does not run, or waits for others, from its own copy of the cluster's data. */
export function startFirst(context: ChangeContext, host: string): HostChange {
  return change(context, host, {
    summary: "start rabbitmq with its own copy of the cluster's data (rabbitmqctl force_boot)",
    effects: ['stops', 'forms', 'starts'],
    script: `if [ "$(rabbitmqctl -q eval 'rabbit:is_running().' 2>/dev/null)" = true ]; then
  echo 'its broker runs now: it is not started from its own copy' >&2
  exit 1
fi
systemctl stop -- ${quote(context.platform.units.rabbitmq)}
rabbitmqctl -q force_boot
${startUnit(context, 'start')}`,
    seconds: START_SECONDS,
  });
}

/** Stops the broker in a node that is about to be reset, after starting the node if it is not up. */
export function stopBroker(context: ChangeContext, host: string): HostChange {
  return change(context, host, {
    summary: 'stop the empty broker before it joins',
    effects: ['starts', 'stops'],
    script: `${startUnit(context, 'start')}\n${stillEmpty(context, host)}\nrabbitmqctl -q stop_app`,
    seconds: START_SECONDS,
  });
}

/** Makes a live peer forget a node that lost its data. RabbitMQ itself refuses while that node's broker runs. */
export function forget(context: ChangeContext, host: string, node: string): HostChange {
  return change(context, host, {
    summary: `forget ${node} (data lost)`,
    effects: ['forgets'],
    script: `rabbitmqctl -q forget_cluster_node ${quote(node)}`,
    seconds: 120,
  });
}

/**
 * Makes a member forget a node that the inventory does not list, if the run prunes; RabbitMQ refuses while its broker runs.
 * Quorum queues left with an even number of copies, and so less tolerant of losses, get one on another member.
 */
export function forgetStranger(
  context: ChangeContext,
  host: string,
  node: string,
  members: readonly string[],
): HostChange {
  return change(context, host, {
    summary: `forget ${node} (not in the inventory, not running)`,
    effects: ['forgets'],
    script: `rabbitmqctl -q forget_cluster_node ${quote(node)}\n${members.map(regrown).join('\n')}`,
    seconds: 120 + members.length * 60,
    prunes: true,
  });
}

/** Adds copies on `node` to the quorum queues with an even number of copies. */
function regrown(node: string): string {
  return `rabbitmq-queues -q grow ${quote(node)} even`;
}

/**
 * Resets an empty node and joins it to the cluster of `seed`, which has to answer first. `returns`: the cluster has just
 * forgotten the node, and with it the node's copies of quorum queues: those left with an even number of copies, and so less
 * tolerant of losses, get one on the node again.
 */
export function join(
  context: ChangeContext,
  host: string,
  seed: string,
  { returns = false }: { readonly returns?: boolean } = {},
): HostChange {
  const grow = returns ? `\n${regrown(rabbitmq.nodeOf({ name: host }))}` : '';
  return change(context, host, {
    summary: `join the cluster of ${seed}`,
    effects: ['starts', 'joins', 'wipes'],
    script: `${startUnit(context, 'start')}
rabbitmq-diagnostics -q -n ${quote(seed)} check_running
${stillEmpty(context, host)}
rabbitmqctl -q stop_app
rabbitmqctl -q reset
rabbitmqctl -q join_cluster ${context.typeOf(host) === 'ram' ? '--ram ' : ''}${quote(seed)}
rabbitmqctl -q start_app
rabbitmqctl -q await_startup --timeout ${within('rabbitmqStarts')}${grow}`,
    seconds: START_SECONDS,
  });
}

/**
 * Starts a node that its cluster has forgotten and that has no queues on disc. With its data it would refuse to start,
 * and it cannot be reset without a start. The data is moved aside, not deleted.
 */
export function startEmpty(context: ChangeContext, host: string): HostChange {
  return change(context, host, {
    summary: 'start without its data, moved aside (no queues; the cluster has forgotten this node)',
    effects: ['stops', 'wipes', 'starts'],
    script: `${rabbitmq.aliveScript(context.platform)}
${rabbitmq.dataScript(context.platform, { name: host })}
if alive; then
  echo 'its broker runs now: its data is not moved' >&2
  exit 1
fi
# A start that systemd has scheduled must not come between.
systemctl stop -- ${quote(context.platform.units.rabbitmq)}
if alive || [ "$(keeps)" -ne 0 ]; then
  echo "$data now holds $(keeps) queues: it is not moved" >&2
  exit 1
fi
mv -- "$data" "$data.left-$(date -u +%Y%m%dT%H%M%SZ)"
${startUnit(context, 'start')}`,
    seconds: START_SECONDS,
  });
}

/** Restarts a node on its changed configuration, once all others run and no queue depends on it alone. */
export function restart(
  context: ChangeContext,
  host: string,
  why: string,
  touched: readonly string[],
): HostChange {
  return change(context, host, {
    summary: `restart rabbitmq (${why})`,
    effects: ['restarts'],
    script: `${awaitQueuesSafe(context)}${startUnit(context, 'restart', touched)}
rabbitmqctl -q await_startup --timeout ${within('rabbitmqStarts')}
rabbitmqctl -q await_online_nodes ${context.members} --timeout ${within('rabbitmqStarts')}`,
    seconds: SPARE_SECONDS + START_SECONDS,
    files: touched,
  });
}

/**
 * Changes a node to disc or ram. Its broker stops for that, so no queue may depend on it alone, and all others have to
 * run: a ram node gets its data back from a disc node.
 */
export function retype(context: ChangeContext, host: string, type: NodeType): HostChange {
  const summary = type === 'ram' ? 'keep its data in memory only' : 'keep its data on disc';
  return change(context, host, {
    summary: `${summary} (change_cluster_node_type ${type})`,
    effects: ['restarts'],
    script: `${awaitQueuesSafe(context)}rabbitmqctl -q stop_app
status=0
rabbitmqctl -q change_cluster_node_type ${type} || status=$?
rabbitmqctl -q start_app
rabbitmqctl -q await_startup --timeout ${within('rabbitmqStarts')}
rabbitmqctl -q await_online_nodes ${context.members} --timeout ${within('rabbitmqStarts')}
exit $status`,
    seconds: SPARE_SECONDS + START_SECONDS,
  });
}

type ChangeParts = Omit<ClusterChange, 'cluster' | 'unit'>;

function change({ platform }: ChangeContext, host: string, parts: ChangeParts): HostChange {
  const made: Change = clusterChange({ cluster: rabbitmq.CLUSTER, unit: platform.units.rabbitmq, ...parts });
  return { host, change: made };
}

/** Starts or restarts the unit, in a subshell because the script ends with `exit`. */
function startUnit(
  { platform }: ChangeContext,
  verb: 'start' | 'restart',
  touched: readonly string[] = [],
): string {
  return `(\n${startScript(platform.units.rabbitmq, verb, touched)}\n)`;
}

/**
 * Waits until no queue depends on this node alone. Checked right before the change, because mirrors may still catch up.
 */
function awaitQueuesSafe(context: ChangeContext): string {
  if (context.members === 1) return '';
  return `rabbitmqctl -q await_online_nodes ${context.members} --timeout ${within('rabbitmqOnline')}
end=$(($(date +%s) + ${within('rabbitmqSpares')}))
until rabbitmq-queues -q check_if_node_is_mirror_sync_critical >/dev/null &&
  rabbitmq-queues -q check_if_node_is_quorum_critical >/dev/null; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo "queues still depend on this node alone after ${within('rabbitmqSpares')} s: it must keep running" >&2
    exit 1
  fi
  sleep 2
done
`;
}

/** Ends the script if the node, which has to be up, is in a cluster or holds any data. */
function stillEmpty({ platform }: ChangeContext, host: string): string {
  return `${rabbitmq.dataScript(platform, { name: host })}
held=$(rabbitmqctl -q eval ${quote(HOLDINGS)})
[ "$held" != stopped ] || held="{$(keeps),0,[],[],0}"
if [ "$held" != '{0,0,[],[],0}' ]; then
  echo "the node is no longer empty (queues, connections, virtual hosts, users, policies): $held" >&2
  exit 1
fi`;
}

/** The check of `holdingsOf`, repeated right before the change. */
const HOLDINGS = `case {rabbit_mnesia:cluster_nodes(all), rabbit:is_running()} of
  {[_], true} -> {rabbit_amqqueue:count(), length(rabbit_networking:local_connections()),
    rabbit_vhost:list_names() -- [<<"/">>],
    [proplists:get_value(user, U) || U <- rabbit_auth_backend_internal:list_users()] -- [<<"guest">>],
    length(rabbit_policy:list())};
  {[_], false} -> stopped;
  {All, _} -> {clustered, All}
end.`
  .split('\n')
  .map((line) => line.trim())
  .join(' ');

/** Seconds for a starting node to wait for the tables of others: RabbitMQ itself gives up after 10 x 30. */
const START_SECONDS = 600;

/** Seconds for mirrors to synchronize before a node is restarted. */
const SPARE_SECONDS = LIMITS.rabbitmqSpares;
