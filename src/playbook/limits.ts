/** Seconds of `--timeout` where it is not given: what the limits below are meant for. */
export const DEFAULT_TIMEOUT_SECONDS = 900;

/** Seconds for one round trip of probes at the default `--timeout`: asking Galera for its position starts a server. */
const PROBE_SECONDS = 120;

/**
 * Every time limit that osha gives to a tool on a host, or waits for in a script there: seconds at the default `--timeout`.
 * A longer `--timeout` makes all of them longer in proportion, because a host that needs it is slow in everything; a
 * shorter one leaves them, because it says how long a change may take and not how fast hosts answer.
 */
export const LIMITS = {
  /** apt-get and dpkg wait for another process that uses the package manager. */
  packageLock: 300,
  /** A unit is still on its way after `systemctl start`, which itself waits as long as the unit's TimeoutStartSec. */
  unitSettles: 60,
  /** `stat` of a mount that may hang. */
  mountStat: 10,
  mountAnswers: 5,

  /** chronyc, one question. */
  chronyc: 10,
  /** openssl s_client, one handshake. */
  tlsHandshake: 5,
  /** curl to an API or to the dashboard. */
  httpAnswer: 20,
  /** socat to a local socket, and to another host. */
  socketAnswer: 5,
  socketConnect: 3,

  /** mariadb: to connect, to answer how it is, and to answer a query. */
  mariadbConnects: 5,
  mariadbAnswers: 5,
  mariadbQuery: 20,
  /** Galera: a server that comes up is given so long before it is looked at closely, and to return by itself. */
  galeraSettles: 60,
  galeraReturns: 30,

  /** etcdctl, and curl to a member. */
  etcdctl: 10,
  etcdAnswers: 5,
  /** The members refuse to change their list until they have been healthy for a while. */
  etcdCalms: 60,
  /** The other members become healthy, so that one can be spared. */
  etcdSpares: 60,
  etcdReady: 120,

  /** rabbitmqctl await_startup and await_online_nodes: after a start, and where it should be so already. */
  rabbitmqStarts: 120,
  rabbitmqOnline: 10,
  /** No queue depends on a node alone. */
  rabbitmqSpares: 300,
  /** A node answers a whole question. */
  rabbitmqAnswers: 20,

  /** gluster: a question, a command (its own limit is 120), and until a brick or a peer is there. */
  glusterAnswers: 15,
  glusterCommand: 120,
  glusterSettles: 60,

  /** pcs: one request to another host; its own limit is 60. */
  pcsRequest: 300,
  /** pcs cluster setup is tried again, because it takes no limit for its requests. */
  pcsSetup: 300,
  /** All members see each other. */
  pacemakerForms: 120,
  /** The cluster has done all that it has to. */
  pacemakerSettles: 60,
  pacemakerSettlesOnce: 10,
  /** Resources start; another change of the cluster is over. */
  pacemakerStarts: 300,
  corosyncCmapctl: 10,
  crmMon: 30,
  cibadmin: 30,

  /** The APIs of OpenStack: all questions of a probe together, and each request. */
  apiProbe: 60,
  apiRequest: 30,
  apiHealthRequest: 15,
  /** qemu shows whether KVM works. */
  kvmTrial: 20,
} as const satisfies Readonly<Record<string, number>>;

export type Limit = keyof typeof LIMITS;

/** The variable in which scripts find the `--timeout` that is in force. */
const VARIABLE = 'OSHA_TIMEOUT';

/** What shell code writes for so many seconds at the default `--timeout`: a whole number, also where nothing sets the variable. */
export function stretched(seconds: number): string {
  return `$((${seconds}*\${${VARIABLE}:-${DEFAULT_TIMEOUT_SECONDS}}/${DEFAULT_TIMEOUT_SECONDS}))`;
}

/** What shell code writes for a limit, in seconds. Not within single quotes. */
export function within(limit: Limit): string {
  return stretched(LIMITS[limit]);
}

/** How much longer than usual everything may take with this `--timeout`, in milliseconds: 1 or more. */
export function patienceFor(timeoutMs: number): number {
  return Math.max(1, timeoutMs / (DEFAULT_TIMEOUT_SECONDS * 1000));
}

/** Milliseconds for one round trip of probes, with `--timeout` in milliseconds. */
export function probeTimeoutMs(timeoutMs: number): number {
  return PROBE_SECONDS * 1000 * patienceFor(timeoutMs);
}

/** The patience that a limit of probes was made with. */
export function patienceOfProbes(probeMs: number): number {
  return Math.max(1, probeMs / (PROBE_SECONDS * 1000));
}

/** What a script begins with, so that its limits are those of this run. */
export function withPatience(patience: number, script: string): string {
  if (patience <= 1) return script;
  return `export ${VARIABLE}=${Math.round(DEFAULT_TIMEOUT_SECONDS * patience)}\n${script}`;
}
