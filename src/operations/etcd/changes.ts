import { clusterChange } from '../cluster-change.ts';
import type { Change, HostChange } from '../../playbook/operation.ts';
import { journalOnFailure, READ_UNITS, startScript } from '../service-script.ts';
import { quote } from '../shell.ts';
import { CLIENT_PORT, FIRST_START_ENV } from './layout.ts';
import type { Live, Reached } from './members.ts';
import { CLUSTER, type ListedMember } from './observe.ts';

/** What the changes need to know of the hosts. */
export interface ChangeContext {
  readonly unit: string;
  readonly dataDirectory: string;
  /** See `formingMarkOf`. */
  readonly formingMark: string;
  /** `name=url` of every member that the inventory names, with commas between. */
  readonly initialCluster: string;
}

/** Seconds in which a member that was started has to be healthy: the package's unit is given up after 90. */
const READY_SECONDS = 120;

/** Seconds in which a cluster has to be calm enough for a change of its members: it wants 5 without a lost connection. */
const CALM_SECONDS = 60;

/** Seconds in which the other members have to be healthy, before one is restarted. */
const SPARE_SECONDS = 60;

function change(
  { unit }: ChangeContext,
  summary: string,
  script: string,
  seconds: number,
  files: readonly string[] = [],
): Change {
  return clusterChange({ cluster: CLUSTER, unit, summary, script, seconds, files });
}

const HEALTHY = `healthy() {
  case $(curl -s -m 5 "$1/health") in *'"health":"true"'*) return 0 ;; esac
  return 1
}`;

/**
 * `members ...`: an `etcdctl member` command, repeated as long as the cluster says that too few of its members are
 * connected. Any other refusal stands.
 */
function memberCommand(peers: readonly Live[]): string {
  const endpoints = peers.map(({ clientUrl }) => clientUrl).join(',');
  return `members() {
  end=$(($(date +%s) + ${CALM_SECONDS}))
  until out=$(ETCDCTL_API=3 etcdctl --endpoints=${quote(endpoints)} --command-timeout=10s member "$@" 2>&1); do
    case $out in *'unhealthy cluster'* | *'not enough started members'*) ;; *) end=0 ;; esac
    if [ "$(date +%s)" -ge "$end" ]; then printf '%s\\n' "$out" >&2; return 1; fi
    sleep 1
  done
}`;
}

function awaitHealthy(context: ChangeContext): string {
  return `${HEALTHY}
end=$(($(date +%s) + ${READY_SECONDS}))
until healthy http://127.0.0.1:${CLIENT_PORT}; do
  if systemctl is-failed --quiet -- ${quote(context.unit)} || [ "$(date +%s)" -ge "$end" ]; then
    echo 'it is not healthy:' >&2
${journalOnFailure(context.unit)}  fi
  sleep 0.3
done`;
}

/** Begins a start and does not wait: etcd is ready when a majority is, and that may need the members after it. */
function begin(context: ChangeContext, verb: 'start' | 'restart'): string {
  const unit = quote(context.unit);
  return `${READ_UNITS}
systemctl reset-failed -- ${unit} 2>/dev/null || :
systemctl ${verb} --no-block -- ${unit}`;
}

/** What a start that was given up, or another cluster, left behind, is moved aside and not deleted. */
function moveAside(context: ChangeContext): string {
  const directory = quote(context.dataDirectory);
  return `if [ -e ${directory} ]; then mv -- ${directory} ${directory}.left-"$(date -u +%Y%m%dT%H%M%SZ)"; fi`;
}

const FIRST_START_DIRECTORY = FIRST_START_ENV.slice(0, FIRST_START_ENV.lastIndexOf('/'));

/** Lets a member without data form the cluster, together with all others. */
export function form(context: ChangeContext, host: string): HostChange {
  const script = `systemctl stop -- ${quote(context.unit)}
${moveAside(context)}
mkdir -p -m 700 ${FIRST_START_DIRECTORY}
printf '%s\\n' ETCD_INITIAL_CLUSTER_STATE=new ${quote(`ETCD_INITIAL_CLUSTER=${context.initialCluster}`)} >${FIRST_START_ENV}
: >${quote(context.formingMark)}
${begin(context, 'start')}`;
  return { host, change: change(context, 'form the cluster', script, 120) };
}

/** Starts a member with the data that it has. One that is up and does not answer is restarted. */
export function start(context: ChangeContext, member: Reached): HostChange {
  const hung = member.kind === 'silent';
  return {
    host: member.name,
    change: change(
      context,
      hung ? 'restart etcd (it does not answer)' : 'start etcd',
      begin(context, hung ? 'restart' : 'start'),
      120,
    ),
  };
}

/** Waits until a member is healthy, which it is together with a majority. */
export function awaitMember(context: ChangeContext, host: string): HostChange {
  return { host, change: change(context, 'wait until it is healthy', awaitHealthy(context), READY_SECONDS) };
}

/** Takes members out of the list; done where `on` is, which stays. */
export function remove(
  context: ChangeContext,
  on: Live,
  listed: readonly ListedMember[],
  summary: string,
): HostChange {
  const script = `${memberCommand([on])}
${listed.map(({ id }) => `members remove ${quote(id)}`).join('\n')}`;
  return { host: on.name, change: change(context, summary, script, listed.length * CALM_SECONDS) };
}

/** Adds a member to the cluster of `peers`, and starts it without data. */
export function join(context: ChangeContext, member: Reached, peers: readonly Live[]): HostChange {
  const aside = member.observed.data ? ', its old data moved aside' : '';
  const script = `${memberCommand(peers)}
systemctl stop -- ${quote(context.unit)}
${moveAside(context)}
rm -f -- ${quote(context.formingMark)}
members add ${quote(member.name)} --peer-urls=${quote(member.peerUrl)}
cluster=$(printf '%s\\n' "$out" | sed -n 's/^ETCD_INITIAL_CLUSTER="\\(.*\\)"$/\\1/p')
[ -n "$cluster" ]
mkdir -p -m 700 ${FIRST_START_DIRECTORY}
printf '%s\\n' ETCD_INITIAL_CLUSTER_STATE=existing "ETCD_INITIAL_CLUSTER=$cluster" >${FIRST_START_ENV}
${begin(context, 'start')}
${awaitHealthy(context)}`;
  return {
    host: member.name,
    change: change(context, `join the cluster${aside}`, script, CALM_SECONDS + READY_SECONDS + 120),
  };
}

/**
 * Restarts a member on its changed configuration, once all others are healthy; asked on the spot, because the one that
 * was restarted before may still be coming back.
 */
export function restart(
  context: ChangeContext,
  host: string,
  others: readonly Live[],
  why: string,
  touched: readonly string[],
): HostChange {
  const spared = others.map(
    ({ clientUrl }) => `until healthy ${quote(clientUrl)}; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo ${quote(`${clientUrl} is not healthy: this member cannot be spared`)} >&2
    exit 1
  fi
  sleep 0.5
done`,
  );
  const script = `${HEALTHY}
end=$(($(date +%s) + ${SPARE_SECONDS}))
${spared.join('\n')}
(
${startScript(context.unit, 'restart', touched)}
)
${awaitHealthy(context)}`;
  return {
    host,
    change: change(context, `restart etcd (${why})`, script, SPARE_SECONDS + READY_SECONDS + 120, touched),
  };
}
