import type { Host } from '../../inventory/types.ts';
import type { Platform } from '../../platform/platform.ts';
import type { PendingReads, Probe, ProbeAnswer, ResourceKey } from '../../playbook/operation.ts';
import type { Text } from '../../secrets/text.ts';
import { quote } from '../shell.ts';
import {
  foreseeUnit,
  parseUnitState,
  unitProbeScript,
  unitReads,
  type UnitState,
  heldBy,
} from '../unit-state.ts';
import {
  aliveScript,
  askScript,
  dataScript,
  definitionsScript,
  QUERY,
  silenceOf,
  type Silence,
} from './scripts.ts';
import { madeOf, type Made } from './made.ts';

export interface Permissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export interface Policy {
  readonly pattern: string;
  readonly applyTo: string;
  readonly priority: number;
  readonly definition: Readonly<Record<string, unknown>>;
}

/** The report of a node about itself and its cluster. */
export interface NodeStatus {
  /** False where the Erlang node is up but its broker is stopped or paused. */
  readonly running: boolean;
  /** It paused its broker because it sees a minority of its cluster; it resumes automatically. */
  readonly paused: boolean;
  readonly version: string;
  /** Every node of its cluster, running or not. */
  readonly members: readonly string[];
  /** Those that keep their data on disc. */
  readonly disc: readonly string[];
  readonly runningMembers: readonly string[];
  /** Nodes that were partitioned from it and kept running. */
  readonly partitions: readonly string[];
  readonly alarms: readonly string[];
  /** Absent where the broker is stopped or did not answer. */
  readonly queues?: number | undefined;
  /** Clients that are connected to this node; absent like the queues. */
  readonly connections?: number | undefined;
  readonly vhosts: readonly string[];
  /** The objects that osha created, according to its notes in the cluster. */
  readonly made: readonly Made[];
  readonly users: ReadonlyMap<string, readonly string[]>;
  /** By virtual host and user, separated by a tab. */
  readonly permissions: ReadonlyMap<string, Permissions>;
  /** By virtual host and name, separated by a tab. */
  readonly policies: ReadonlyMap<string, Policy>;
  /** Whether the password in `credentials` is the user's. */
  readonly passwords: ReadonlyMap<string, boolean>;
}

/** The observed state of one member. */
export interface NodeObservation {
  readonly installed: boolean;
  readonly unit: UnitState;
  /** A broker runs on the host, in its unit or not, whether it answers or not. */
  readonly alive: boolean;
  /** Absent where it does not run or does not answer. */
  readonly node?: NodeStatus | undefined;
  /** Why it does not answer although it runs. */
  readonly silence?: Silence | undefined;
  /** It refuses the cookie in its file, but will answer once the plan has replaced the file. */
  readonly isLetIn?: boolean | undefined;
  /** Its data directory is not empty, readable or not. */
  readonly data: boolean;
  /** The nodes of its cluster as recorded on disc; absent where there is no record. */
  readonly remembers?: readonly string[] | undefined;
  /** The number of durable queues with files on its disc; absent where it has no data. */
  readonly keeps?: number | undefined;
  /**
   * A digest of what it has on disc about its cluster: users, virtual hosts, policies, durable queues and where their
   * copies are. Absent while its unit is active, where it remembers no other node, and where it cannot be read.
   */
  readonly definitions?: string | undefined;
}

/** Options of a probe of a broker's contents. */
export interface AskOptions {
  readonly platform: Platform;
  /**
   * `credentialsOf` all users of the playbook: operations with the same credentials share one probe. Default none, or
   * the operation's own user.
   */
  readonly credentials?: Text;
}

/** The cluster with its contents. */
export const CLUSTER: ResourceKey = 'cluster:rabbitmq';

/** The cluster's membership. */
const MEMBERS: ResourceKey = 'cluster:rabbitmq/members';

/** The key of a user's permissions, or of a policy, in one virtual host. */
export function inVhost(vhost: string, name: string): string {
  return `${vhost}\t${name}`;
}

/** Files that a node reads when it starts. Not its cookie, which a running node takes without a restart. */
export function configFilesOf(platform: Platform): readonly string[] {
  const { paths } = platform;
  return [paths.rabbitmqConf, paths.rabbitmqEnv, paths.rabbitmqPlugins];
}

/**
 * The one probe for everything about RabbitMQ. It uses a bare Erlang node, because `rabbitmqctl` takes three times as
 * long to start (0.6 s of processor time against 0.2 s), and one start covers all queries. `credentials` are lines of
 * user, tab, password on stdin; the node itself checks them, so no hash leaves it.
 */
export function observeNode(platform: Platform, host: Host, credentials?: Text): Probe<NodeObservation> {
  const unit = platform.units.rabbitmq;
  const files = configFilesOf(platform);
  return {
    script: probeScript(platform, host, files),
    ...(credentials === undefined ? {} : { input: credentials }),
    reads: [
      MEMBERS,
      ...unitReads(unit, files),
      `file:${platform.paths.rabbitmqCookie}`,
      ...platform.packages.rabbitmq.map((name) => `package:${name}` as const),
    ],
    parse: (answer) => parseNode(unit, answer),
    foresee: (observed, pending) => foreseeNode(platform, observed, pending),
  };
}

/** Foresees the observation of a node. A running node takes a new cookie without a restart, so nothing else changes. */
function foreseeNode(
  platform: Platform,
  observed: NodeObservation,
  pending: PendingReads,
): NodeObservation | undefined {
  if (pending.get(MEMBERS)?.length) return undefined;
  const cookie = `file:${platform.paths.rabbitmqCookie}` as const;
  const rest = new Map([...pending].filter(([key]) => key !== cookie));
  const unit = foreseeUnit(platform.units.rabbitmq, observed.unit, rest);
  const comes = [...pending.keys()].some((key) => key.startsWith('package:'));
  const isLetIn = pending.has(cookie) && observed.silence?.kind === 'refused';
  return unit && { ...observed, unit, installed: observed.installed || comes, isLetIn };
}

/** The same probe for one object in the cluster, such as `user nova`, which does not depend on restarts of nodes. */
export function observeHeld(
  what: string,
  platform: Platform,
  host: Host,
  credentials?: Text,
): Probe<NodeObservation> {
  const unit = platform.units.rabbitmq;
  return {
    ...observeNode(platform, host, credentials),
    reads: [held(what), ...unitReads(unit)],
    foresee: heldBy(unit, ({ node }) => node?.running === true),
  };
}

/** The key of one object in the cluster. */
export function held(what: string): ResourceKey {
  return `${CLUSTER}/${what}` as ResourceKey;
}

function probeScript(platform: Platform, host: Host, files: readonly string[]): string {
  return `exec 3<&0
(
${unitProbeScript(platform.units.rabbitmq, files)}
) </dev/null
[ -e ${quote(platform.paths.rabbitmqCookie)} ] && command -v rabbitmqctl >/dev/null 2>&1 && echo installed=yes
${dataScript(platform, host)}
[ -n "$(ls -A "$data" 2>/dev/null)" ] && printf 'data=yes\\nkeeps=%s\\n' "$(keeps)"
[ -r "$data/cluster_nodes.config" ] && printf 'remembers=%s\\n' "$(tr -d ' \\n' <"$data/cluster_nodes.config")"
${aliveScript(platform)}
if alive; then
  echo alive=yes
  ${askScript(platform, host, QUERY)} <&3 2>/dev/null
  echo "asked=$?"
fi
# Also of a node that starts, and waits for others.
if ! systemctl -q is-active -- ${quote(platform.units.rabbitmq)} && grep -q '^{\\[[^]]*,' "$data/cluster_nodes.config" 2>/dev/null; then
  ${definitionsScript()}
fi
exit 0`;
}

/** Parses the output of the probe. Throws a `ProbeError` where systemd did not answer. */
export function parseNode(unit: string, answer: ProbeAnswer): NodeObservation {
  const lines = answer.stdout.split('\n');
  const first = (key: string): string | undefined =>
    lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
  const remembers = first('remembers');
  const keeps = first('keeps');
  const alive = first('alive') === 'yes';
  const node = nodeStatusOf(lines);
  return {
    installed: first('installed') === 'yes',
    unit: parseUnitState(unit, answer),
    alive,
    node,
    silence: alive && !node ? silenceOf(lines, first('asked') ?? '') : undefined,
    data: first('data') === 'yes',
    remembers: remembers === undefined || atomsOf(remembers).length === 0 ? undefined : atomsOf(remembers),
    keeps: keeps === undefined ? undefined : Number(keeps),
    definitions: first('definitions'),
  };
}

/** The first list of `{[rabbit@a,rabbit@b],[rabbit@a]}.`: all nodes, then those that ran. */
function atomsOf(term: string): readonly string[] {
  const list = /\[([^\]]*)\]/.exec(term)?.[1] ?? '';
  return list
    .split(',')
    .map((atom) => atom.replace(/^'|'$/g, ''))
    .filter((atom) => atom !== '');
}

function nodeStatusOf(lines: readonly string[]): NodeStatus | undefined {
  const fields = lines.filter((line) => line.includes('\t')).map((line) => line.split('\t'));
  const rows = (key: string): readonly (readonly string[])[] =>
    fields.filter(([name]) => name === key).map(([, ...rest]) => rest);
  const list = (key: string): readonly string[] => rows(key).map(([value = '']) => value);
  const running = list('running')[0];
  // An incomplete answer does not count: what it lacks would look missing on the node.
  if (running === undefined || list('end').length === 0) return undefined;
  const count = (key: string): number | undefined => list(key).map(Number)[0];
  return {
    running: running === 'true',
    paused: list('paused')[0] === 'true',
    version: list('version')[0] ?? '',
    members: list('member'),
    disc: list('disc'),
    runningMembers: list('running_member'),
    partitions: list('partition'),
    alarms: list('alarm'),
    queues: count('queues'),
    connections: count('connections'),
    vhosts: list('vhost'),
    made: list('parameter').flatMap((name) => madeOf(name) ?? []),
    users: new Map(rows('user').map(([name = '', tags = '']) => [name, tags.split(' ').filter(Boolean)])),
    permissions: new Map(
      rows('permission').map(([vhost = '', user = '', configure = '', write = '', read = '']) => [
        inVhost(vhost, user),
        { configure, write, read },
      ]),
    ),
    policies: new Map(
      rows('policy').map(
        ([vhost = '', name = '', pattern = '', applyTo = '', priority = '', definition = '']) => [
          inVhost(vhost, name),
          { pattern, applyTo, priority: Number(priority), definition: recordOf(definition) },
        ],
      ),
    ),
    passwords: new Map(rows('password').map(([user = '', right = '']) => [user, right === 'true'])),
  };
}

function recordOf(json: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return {};
  }
}
