import {
  clusterChange,
  type ClusterChange,
  type HostChange,
  journalOnFailure,
  LIMITS,
  quote,
  READ_UNITS,
  startScript,
  within,
} from 'osha';
import { CURL, type ListedMember } from './status.ts';
import { CLIENT_PORT, FIRST_START_ENV, PEER_PORT } from '../layout.ts';
import type { Live, Reached } from './members.ts';
import { CLUSTER } from './observe.ts';
import { noteOf, type Formation } from './identity.ts';

/** Facts about the deployment that the changes need. */
export interface ChangeContext {
  readonly unit: string;
  /** Data directory in the configuration that osha writes. */
  readonly dataDirectory: string;
  /** See `formingMarkOf`. */
  readonly formingMark: string;
  /** `name=url` of every member in the inventory, separated by commas. */
  readonly initialCluster: string;
  /** Name of the deployment. */
  readonly deployment: string;
}

/**
 * Starts a member without data so that it forms the cluster together with all others. If that is interrupted, the note
 * allows a later run to complete it, see `isForming`.
 */
export function form(context: ChangeContext, member: Reached, formation: Formation): HostChange {
  const directory = directoryOf(context, member);
  const script = `${refuseWhileItRuns(context.unit)}
[ ! -e ${quote(`${directory}/member/wal`)} ] || refuse ${quote(`${directory} now holds data: run again`)}
systemctl stop -- ${quote(context.unit)}
${moveAside(directory)}
${firstStart([
  'ETCD_INITIAL_CLUSTER_STATE=new',
  quote(`ETCD_INITIAL_CLUSTER_TOKEN=${formation.token}`),
  quote(`ETCD_INITIAL_CLUSTER=${formation.initialCluster}`),
])}
printf '%s\\n' ${quote(noteOf(formation))} >${quote(context.formingMark)}
${begin(context, 'start')}`;
  return change(context, {
    host: member.name,
    summary: 'form the cluster',
    effects: ['stops', 'wipes', 'forms', 'starts'],
    script,
    seconds: 120,
  });
}

/** Starts a member on its existing data. */
export function start(context: ChangeContext, { name }: Reached): HostChange {
  return change(context, {
    host: name,
    summary: 'start etcd',
    effects: ['starts'],
    script: `${FORGET_FIRST_START}\n${begin(context, 'start')}`,
    seconds: 120,
  });
}

/** Restarts a member that does not answer, unless it answers by then, and only while all others are healthy. */
export function restartSilent(
  context: ChangeContext,
  { name }: Reached,
  others: readonly Live[],
  why: string,
): HostChange {
  const script = `${REFUSE}
${HEALTHY}
if healthy http://127.0.0.1:${CLIENT_PORT}; then exit 0; fi
${refuseWithout(others)}
${FORGET_FIRST_START}
${begin(context, 'restart')}`;
  return change(context, {
    host: name,
    summary: `restart etcd (${why})`,
    effects: ['restarts'],
    script,
    seconds: SPARE_SECONDS + 120,
  });
}

/** Waits until a member is healthy, which takes a majority. */
export function awaitMember(context: ChangeContext, host: string): HostChange {
  return change(context, {
    host,
    summary: 'wait until healthy',
    effects: [],
    script: awaitHealthy(context),
    seconds: READY_SECONDS,
  });
}

/** Removes members from the list, through the member `on`, which stays. Refuses if any of `absent` answers. */
export function remove(
  context: ChangeContext,
  on: Live,
  listed: readonly ListedMember[],
  {
    absent = [],
    ...parts
  }: Pick<ClusterChange, 'summary' | 'prunes'> & { readonly absent?: readonly Reached[] },
): HostChange {
  const refusals = absent.map(
    ({ name, clientUrl }) =>
      `! ${CURL} -o /dev/null ${quote(`${clientUrl}/health`)} || refuse ${quote(`etcd now answers on ${name}: run again`)}`,
  );
  return change(context, {
    host: on.name,
    ...parts,
    effects: ['forgets'],
    script: [
      REFUSE,
      ...refusals,
      memberCommand([on]),
      ...listed.map(({ id }) => `members remove ${quote(id)}`),
    ].join('\n'),
    seconds: (listed.length + absent.length) * CALM_SECONDS,
  });
}

/**
 * Adds a member to the cluster of `peers` and starts it without data. Any data it has belongs to that same cluster,
 * which no longer lists its member id: everything ever agreed on is with the other members.
 */
export function join(context: ChangeContext, member: Reached, peers: readonly Live[]): HostChange {
  const own = member.identity?.member;
  const stillListed =
    own === undefined
      ? ''
      : `members list
case $out in *${quote(`${own}, `)}*) refuse 'the cluster now lists the member whose data this is: run again' ;; esac
`;
  const script = `${refuseWhileItRuns(context.unit)}
${memberCommand(peers)}
${stillListed}members add ${quote(member.name)} --peer-urls=${quote(member.peerUrl)}
cluster=$(printf '%s\\n' "$out" | sed -n 's/^ETCD_INITIAL_CLUSTER="\\(.*\\)"$/\\1/p')
[ -n "$cluster" ] || refuse "unexpected output of etcdctl member add: $out"
systemctl stop -- ${quote(context.unit)}
${moveAside(directoryOf(context, member))}
rm -f -- ${quote(context.formingMark)}
${firstStart(['ETCD_INITIAL_CLUSTER_STATE=existing', '"ETCD_INITIAL_CLUSTER=$cluster"'])}
${begin(context, 'start')}
${awaitHealthy(context)}`;
  return change(context, {
    host: member.name,
    summary: `join the cluster${member.observed.data ? ', moving its old data aside' : ''}`,
    effects: ['stops', 'wipes', 'joins', 'starts'],
    script,
    seconds: CALM_SECONDS + READY_SECONDS + 120,
  });
}

/**
 * Restarts a member on its changed configuration once all others are healthy. Checked again right before the restart,
 * because the member that was restarted last may still be coming back.
 */
export function restart(
  context: ChangeContext,
  host: string,
  others: readonly Live[],
  why: string,
  touched: readonly string[],
): HostChange {
  const script = `${REFUSE}
${HEALTHY}
${refuseWithout(others)}
${FORGET_FIRST_START}
(
${startScript(context.unit, 'restart', touched)}
)
${awaitHealthy(context)}`;
  return change(context, {
    host,
    summary: `restart etcd (${why})`,
    effects: ['restarts'],
    script,
    seconds: SPARE_SECONDS + READY_SECONDS + 120,
    files: touched,
  });
}

interface ChangeParts extends Omit<ClusterChange, 'cluster' | 'unit'> {
  readonly host: string;
}

function change({ unit }: ChangeContext, { host, ...parts }: ChangeParts): HostChange {
  return { host, change: clusterChange({ cluster: CLUSTER, unit, ...parts }) };
}

function awaitHealthy(context: ChangeContext): string {
  return `${HEALTHY}
end=$(($(date +%s) + ${within('etcdReady')}))
until healthy http://127.0.0.1:${CLIENT_PORT}; do
  if systemctl is-failed --quiet -- ${quote(context.unit)} || [ "$(date +%s)" -ge "$end" ]; then
    echo 'etcd is not healthy:' >&2
${journalOnFailure(context.unit)}  fi
  sleep 0.3
done`;
}

/** Starts without waiting: etcd is ready once a majority is, and that may need members that are started later. */
function begin({ unit }: ChangeContext, verb: 'start' | 'restart'): string {
  return `${READ_UNITS}
systemctl reset-failed -- ${quote(unit)} 2>/dev/null || :
systemctl ${verb} --no-block -- ${quote(unit)}`;
}

/** An interrupted start may have left its environment file, which no other start may read. */
const FORGET_FIRST_START = `rm -f -- ${FIRST_START_ENV}`;

function firstStart(lines: readonly string[]): string {
  const directory = FIRST_START_ENV.slice(0, FIRST_START_ENV.lastIndexOf('/'));
  return `mkdir -p -m 700 ${directory}
printf '%s\\n' ${lines.join(' ')} >${FIRST_START_ENV}`;
}

function directoryOf({ dataDirectory }: ChangeContext, { observed }: Reached): string {
  return observed.directory.now ?? dataDirectory;
}

/** Refuses if etcd runs by now: its data must not be moved, and it must not form another cluster. */
function refuseWhileItRuns(unit: string): string {
  return `${REFUSE}
! systemctl is-active --quiet -- ${quote(unit)} || refuse ${quote(`${unit} is running now: run again`)}
[ -z "$(ss -Hltn '( sport = :${CLIENT_PORT} or sport = :${PEER_PORT} )')" ] ||
  refuse ${quote(`something now listens on port ${CLIENT_PORT} or ${PEER_PORT}: run again`)}`;
}

/** Waits until all `others` are healthy, and refuses if one does not become healthy. */
function refuseWithout(others: readonly Live[]): string {
  const checks = others.map(
    ({ clientUrl }) => `until healthy ${quote(clientUrl)}; do
  [ "$(date +%s)" -lt "$end" ] || refuse ${quote(`${clientUrl} is not healthy, so this member must keep running`)}
  sleep 0.5
done`,
  );
  return [`end=$(($(date +%s) + ${within('etcdSpares')}))`, ...checks].join('\n');
}

/**
 * Shell function `members ...`: runs `etcdctl member`, and repeats it while the cluster reports that too few members
 * are connected. Any other error is final. Proxies are unset because `etcdctl` would use them.
 */
function memberCommand(peers: readonly Live[]): string {
  const endpoints = peers.map(({ clientUrl }) => clientUrl).join(',');
  return `unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
members() {
  end=$(($(date +%s) + ${within('etcdCalms')}))
  until out=$(ETCDCTL_API=3 etcdctl --endpoints=${quote(endpoints)} --command-timeout=${within('etcdctl')}s member "$@" 2>&1); do
    case $out in *'unhealthy cluster'* | *'not enough started members'*) ;; *) end=0 ;; esac
    if [ "$(date +%s)" -ge "$end" ]; then printf '%s\\n' "$out" >&2; return 1; fi
    sleep 1
  done
}`;
}

/**
 * Moves data aside, and never deletes it. Leaves an empty directory of the same owner, which etcd may be unable to
 * create. A file system mounted there stays mounted.
 */
function moveAside(directory: string): string {
  return `dir=${quote(directory)}
aside=left-"$(date -u +%Y%m%dT%H%M%SZ)"
if mountpoint -q -- "$dir"; then
  if [ -e "$dir/member" ]; then mv -- "$dir/member" "$dir/$aside"; fi
elif [ -e "$dir" ]; then
  mv -- "$dir" "$dir.$aside"
  mkdir -m 700 -- "$dir"
  chown --reference="$dir.$aside" -- "$dir"
fi`;
}

/** Shell function `refuse SENTENCE`: the situation has changed since the decision. */
const REFUSE = `refuse() {
  printf '%s\\n' "$1" >&2
  exit 1
}`;

/** Shell function `healthy URL`: the member there answers clients, in agreement with a majority. */
const HEALTHY = `healthy() {
  case $(${CURL} "$1/health") in *'"health":"true"'*) return 0 ;; esac
  return 1
}`;

/** Seconds for a started member to become healthy: systemd gives up on the package's unit after 90. */
const READY_SECONDS = LIMITS.etcdReady;

/** Seconds for a cluster to accept a membership change: it wants 5 seconds without a lost connection. */
const CALM_SECONDS = LIMITS.etcdCalms;

/** Seconds for the other members to become healthy before one is restarted. */
const SPARE_SECONDS = LIMITS.etcdSpares;
