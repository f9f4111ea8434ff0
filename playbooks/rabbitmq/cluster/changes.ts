import {
  type Change,
  clusterChange,
  type Effect,
  type HostChange,
  LIMITS,
  type Platform,
  quote,
  rabbitmq,
  startScript,
  within,
} from 'osha';

/** What a node keeps its part of the cluster's database on. */
export type NodeKind = 'disc' | 'ram';

/** What the changes need to know of the hosts. */
export interface ChangeContext {
  readonly platform: Platform;
  readonly members: number;
  /** Whether the node of a host keeps its data on disc, or in memory only. */
  kindOf(host: string): NodeKind;
}

/** Seconds that a node may wait at its start for the tables of others: RabbitMQ itself gives up after 10 x 30. */
const START_SECONDS = 600;

/** Seconds in which mirrors have to be in step, before a node may be restarted. */
const SPARE_SECONDS = LIMITS.rabbitmqSpares;

interface What {
  readonly summary: string;
  readonly effects: readonly Effect[];
  readonly script: string;
  readonly seconds: number;
  readonly files?: readonly string[];
}

function change({ platform }: ChangeContext, host: string, what: What): HostChange {
  const made: Change = clusterChange({ cluster: rabbitmq.CLUSTER, unit: platform.units.rabbitmq, ...what });
  return { host, change: made };
}

/** The unit is active; in a shell of its own, because the script that starts a unit ends with `exit`. */
function started(
  { platform }: ChangeContext,
  verb: 'start' | 'restart',
  touched: readonly string[] = [],
): string {
  return `(\n${startScript(platform.units.rabbitmq, verb, touched)}\n)`;
}

/**
 * Starts a node. After an outage of all nodes, each waits for those that stopped after it: they have to be started at
 * the same time.
 */
export function start(context: ChangeContext, host: string): HostChange {
  return change(context, host, {
    summary: 'start rabbitmq',
    effects: ['starts'],
    script: started(context, 'start'),
    seconds: START_SECONDS,
  });
}

/** Starts the broker in a node that is up. Not in one that paused itself: that would start the smaller side of a partition. */
export function startBroker(context: ChangeContext, host: string): HostChange {
  return change(context, host, {
    summary: 'start the broker (rabbitmqctl start_app)',
    effects: ['starts'],
    script: `paused=$(rabbitmqctl -q eval 'is_pid(whereis(rabbit_outside_app_process)).')
if [ "$paused" != false ]; then
  echo 'the broker has paused itself: it starts again when it sees most of its cluster' >&2
  exit 1
fi
rabbitmqctl -q start_app`,
    seconds: START_SECONDS,
  });
}

/** What `holdingsOf` asks, once more, on the spot. */
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

/** Ends the script where the node, which has to be up, is in a cluster or holds anything. */
function stillEmpty({ platform }: ChangeContext, host: string): string {
  return `${rabbitmq.dataScript(platform, { name: host })}
held=$(rabbitmqctl -q eval ${quote(HOLDINGS)})
[ "$held" != stopped ] || held="{$(keeps),0,[],[],0}"
if [ "$held" != '{0,0,[],[],0}' ]; then
  echo "the node is not empty any more (queues, connections, virtual hosts, users, policies): $held" >&2
  exit 1
fi`;
}

/** Stops the broker in a node that is going to be reset; the node is started where it is not up. */
export function stopBroker(context: ChangeContext, host: string): HostChange {
  return change(context, host, {
    summary: 'stop the empty broker, which is to join',
    effects: ['starts', 'stops'],
    script: `${started(context, 'start')}\n${stillEmpty(context, host)}\nrabbitmqctl -q stop_app`,
    seconds: START_SECONDS,
  });
}

/** Lets a live peer forget a node that lost its data. RabbitMQ itself refuses while that node's broker runs. */
export function forget(context: ChangeContext, host: string, node: string): HostChange {
  return change(context, host, {
    summary: `forget ${node}, which lost its data`,
    effects: ['forgets'],
    script: `rabbitmqctl -q forget_cluster_node ${quote(node)}`,
    seconds: 120,
  });
}

/** Resets a node that holds nothing, and lets it join the cluster of `seed`, which has to answer it first. */
export function join(context: ChangeContext, host: string, seed: string): HostChange {
  return change(context, host, {
    summary: `join the cluster of ${seed}`,
    effects: ['starts', 'joins', 'wipes'],
    script: `${started(context, 'start')}
rabbitmq-diagnostics -q -n ${quote(seed)} check_running
${stillEmpty(context, host)}
rabbitmqctl -q stop_app
rabbitmqctl -q reset
rabbitmqctl -q join_cluster ${context.kindOf(host) === 'ram' ? '--ram ' : ''}${quote(seed)}
rabbitmqctl -q start_app
rabbitmqctl -q await_startup --timeout ${within('rabbitmqStarts')}`,
    seconds: START_SECONDS,
  });
}

/**
 * Starts a node whose cluster has forgotten it and whose disc has no queue. It would refuse to start with what it
 * remembers, and cannot be reset without being started. Its data is moved aside, not deleted.
 */
export function startEmpty(context: ChangeContext, host: string): HostChange {
  return change(context, host, {
    summary: 'start without its data, which has no queue (moved aside): its cluster has forgotten it',
    effects: ['stops', 'wipes', 'starts'],
    script: `${rabbitmq.aliveScript(context.platform)}
${rabbitmq.dataScript(context.platform, { name: host })}
if alive; then
  echo 'its broker runs now: its data is left where it is' >&2
  exit 1
fi
# A start that systemd has scheduled must not come between.
systemctl stop -- ${quote(context.platform.units.rabbitmq)}
if alive || [ "$(keeps)" -ne 0 ]; then
  echo "there are $(keeps) queues in $data now: it is left where it is" >&2
  exit 1
fi
mv -- "$data" "$data.left-$(date -u +%Y%m%dT%H%M%SZ)"
${started(context, 'start')}`,
    seconds: START_SECONDS,
  });
}

/** Waits until no queue depends on a node alone; asked on the spot, because mirrors of another may still catch up. */
function awaitSpared(context: ChangeContext): string {
  if (context.members === 1) return '';
  return `rabbitmqctl -q await_online_nodes ${context.members} --timeout ${within('rabbitmqOnline')}
end=$(($(date +%s) + ${within('rabbitmqSpares')}))
until rabbitmq-queues -q check_if_node_is_mirror_sync_critical >/dev/null &&
  rabbitmq-queues -q check_if_node_is_quorum_critical >/dev/null; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo "queues still depend on this node alone after ${within('rabbitmqSpares')} s: it cannot be spared" >&2
    exit 1
  fi
  sleep 2
done
`;
}

/** Restarts a node on its changed configuration, while all others run and once no queue depends on it alone. */
export function restart(
  context: ChangeContext,
  host: string,
  why: string,
  touched: readonly string[],
): HostChange {
  return change(context, host, {
    summary: `restart rabbitmq (${why})`,
    effects: ['restarts'],
    script: `${awaitSpared(context)}${started(context, 'restart', touched)}
rabbitmqctl -q await_startup --timeout ${within('rabbitmqStarts')}
rabbitmqctl -q await_online_nodes ${context.members} --timeout ${within('rabbitmqStarts')}`,
    seconds: SPARE_SECONDS + START_SECONDS,
    files: touched,
  });
}

/**
 * Lets a node keep its data on disc, or in memory only, from now on. Its broker stands still for it, so no queue may
 * depend on it alone, and all others have to run now: a node in memory gets its data back from one on disc.
 */
export function retype(context: ChangeContext, host: string, kind: NodeKind): HostChange {
  const summary = kind === 'ram' ? 'keep its data in memory only' : 'keep its data on disc';
  return change(context, host, {
    summary: `${summary} (change_cluster_node_type ${kind})`,
    effects: ['restarts'],
    script: `${awaitSpared(context)}rabbitmqctl -q stop_app
status=0
rabbitmqctl -q change_cluster_node_type ${kind} || status=$?
rabbitmqctl -q start_app
rabbitmqctl -q await_startup --timeout ${within('rabbitmqStarts')}
rabbitmqctl -q await_online_nodes ${context.members} --timeout ${within('rabbitmqStarts')}
exit $status`,
    seconds: SPARE_SECONDS + START_SECONDS,
  });
}
