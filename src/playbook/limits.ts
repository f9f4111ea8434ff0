/** Default of `--timeout` in seconds, which the limits below are meant for. */
export const DEFAULT_TIMEOUT_SECONDS = 900;

/** Seconds for one round trip of probes at the default `--timeout`: the probe of Galera's position starts a server. */
const PROBE_SECONDS = 120;

/**
 * All time limits for tools and wait loops on hosts: seconds at the default `--timeout`. A longer `--timeout` scales all of
 * them, because a host that needs it is slow at everything. A shorter one does not, because it limits changes and says
 * nothing about how fast hosts answer.
 */
export const LIMITS = {
  /** apt-get and dpkg wait for another process to release the package manager. */
  packageLock: 300,
  /** Until a unit is active after `systemctl start`, which itself waits for the unit's TimeoutStartSec. */
  unitSettles: 60,
  /** `stat` of a mount that may hang. */
  mountStat: 10,
  mountAnswers: 5,

  /** chronyc, one query. */
  chronyc: 10,
  /** openssl s_client, one handshake. */
  tlsHandshake: 5,
  /** curl to an API or to the dashboard. */
  httpAnswer: 20,
  /** socat to a local socket, and to another host. */
  socketAnswer: 5,
  socketConnect: 3,
  /** HAProxy: for connections to a server that is drained to end by themselves. */
  haproxyDrains: 30,

  /** mariadb: to connect, to report its status, and to answer a query. */
  mariadbConnects: 5,
  mariadbAnswers: 5,
  mariadbQuery: 20,
  /** Galera: for a starting server to settle before it is probed, and to rejoin without help. */
  galeraSettles: 60,
  galeraReturns: 30,
  /** For clients to leave a member: HAProxy asks every four seconds, and believes the third bad answer. */
  galeraLeavesRotation: 20,
  /** Until a member has applied what it received, so that it can be held still; and until it can be put back. */
  galeraHolds: 300,
  galeraCatchesUp: 600,
  /** Debian's upgrade of the system tables, after a start. */
  mariadbUpgrades: 600,

  /** etcdctl, and curl to a member. */
  etcdctl: 10,
  etcdAnswers: 5,
  /** Members refuse membership changes until they have been healthy for a while. */
  etcdCalms: 60,
  /** Until the other members are healthy, so that one can stop. */
  etcdSpares: 60,
  etcdReady: 120,

  /** rabbitmqctl await_startup and await_online_nodes: after a start, and on a running node. */
  rabbitmqStarts: 120,
  rabbitmqOnline: 10,
  /** Until a starting node answers. */
  rabbitmqSettles: 60,
  /** Until no queue depends on one node alone. */
  rabbitmqSpares: 300,
  /** A node answers a complete probe. */
  rabbitmqAnswers: 20,

  /** gluster: a query, a command (its own limit is 120), and until a brick or peer is online. */
  glusterAnswers: 15,
  glusterCommand: 120,
  glusterSettles: 60,

  /** pcs: one request to another host (its own default is 60). */
  pcsRequest: 300,
  /** pcs cluster setup is retried, because it has no option to limit its requests. */
  pcsSetup: 300,
  /** Until all members see each other. */
  pacemakerForms: 120,
  /** Until the cluster has no pending actions. */
  pacemakerSettles: 60,
  pacemakerSettlesOnce: 10,
  /** Until resources have started, or another change of the cluster has ended. */
  pacemakerStarts: 300,
  corosyncCmapctl: 10,
  crmMon: 30,
  cibadmin: 30,

  /** OpenStack's APIs: all requests of a probe together, and each request. */
  apiProbe: 60,
  apiRequest: 30,
  apiHealthRequest: 15,
  /** qemu starts a trial machine with KVM. */
  kvmTrial: 20,
} as const satisfies Readonly<Record<string, number>>;

export type Limit = keyof typeof LIMITS;

/** The variable with the current `--timeout` in scripts. */
const VARIABLE = 'OSHA_TIMEOUT';

/** A shell expression for this many seconds at the default `--timeout`: a whole number, even if the variable is unset. */
export function stretched(seconds: number): string {
  return `$((${seconds}*\${${VARIABLE}:-${DEFAULT_TIMEOUT_SECONDS}}/${DEFAULT_TIMEOUT_SECONDS}))`;
}

/** A shell expression for a limit, in seconds. Not for use in single quotes. */
export function within(limit: Limit): string {
  return stretched(LIMITS[limit]);
}

/** The factor for all limits with this `--timeout` (in milliseconds): 1 or more. */
export function patienceFor(timeoutMs: number): number {
  return Math.max(1, timeoutMs / (DEFAULT_TIMEOUT_SECONDS * 1000));
}

/** Milliseconds for one round trip of probes with this `--timeout` (in milliseconds). */
export function probeTimeoutMs(timeoutMs: number): number {
  return PROBE_SECONDS * 1000 * patienceFor(timeoutMs);
}

/** The inverse of `probeTimeoutMs`: the factor behind a probe limit. */
export function patienceOfProbes(probeMs: number): number {
  return Math.max(1, probeMs / (PROBE_SECONDS * 1000));
}

/** Sets the factor in a script. */
export function withPatience(patience: number, script: string): string {
  if (patience <= 1) return script;
  return `export ${VARIABLE}=${Math.round(DEFAULT_TIMEOUT_SECONDS * patience)}\n${script}`;
}
