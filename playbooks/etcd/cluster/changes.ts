import {
  clusterChange,
  type Effect,
  type HostChange,
  journalOnFailure,
  LIMITS,
  quote,
  READ_UNITS,
  startScript,
  within,
} from 'osha';
import { CURL, type ListedMember } from './answer.ts';
import { noteOf, type Formation } from './formation.ts';
import { CLIENT_PORT, FIRST_START_ENV } from '../layout.ts';
import type { Live, Reached } from './members.ts';
import { CLUSTER } from './observe.ts';
import {
  CALM_SECONDS,
  HEALTHY,
  memberCommand,
  moveAside,
  REFUSE,
  refuseWhileItRuns,
  refuseWithout,
  SPARE_SECONDS,
} from './on-the-spot.ts';

/** What the changes need to know of the deployment and its hosts. */
export interface ChangeContext {
  readonly unit: string;
  /** Where a member keeps its data on the configuration that osha places. */
  readonly dataDirectory: string;
  /** See `formingMarkOf`. */
  readonly formingMark: string;
  /** `name=url` of every member that the inventory names, with commas between. */
  readonly initialCluster: string;
  /** What the deployment is called. */
  readonly deployment: string;
}

/** Seconds in which a member that was started has to be healthy: the package's unit is given up after 90. */
const READY_SECONDS = LIMITS.etcdReady;

interface Doing {
  readonly host: string;
  readonly summary: string;
  readonly effects: readonly Effect[];
  readonly script: string;
  readonly seconds: number;
  readonly files?: readonly string[];
}

function change({ unit }: ChangeContext, { host, ...doing }: Doing): HostChange {
  return { host, change: clusterChange({ cluster: CLUSTER, unit, ...doing }) };
}

function awaitHealthy(context: ChangeContext): string {
  return `${HEALTHY}
end=$(($(date +%s) + ${within('etcdReady')}))
until healthy http://127.0.0.1:${CLIENT_PORT}; do
  if systemctl is-failed --quiet -- ${quote(context.unit)} || [ "$(date +%s)" -ge "$end" ]; then
    echo 'it is not healthy:' >&2
${journalOnFailure(context.unit)}  fi
  sleep 0.3
done`;
}

/** Begins a start and does not wait: etcd is ready when a majority is, and that may need the members after it. */
function begin({ unit }: ChangeContext, verb: 'start' | 'restart'): string {
  return `${READ_UNITS}
systemctl reset-failed -- ${quote(unit)} 2>/dev/null || :
systemctl ${verb} --no-block -- ${quote(unit)}`;
}

/** A start that broke off before may have left what it was told: only the start that it was meant for may read it. */
const FORGET_FIRST_START = `rm -f -- ${FIRST_START_ENV}`;

function firstStart(lines: readonly string[]): string {
  const directory = FIRST_START_ENV.slice(0, FIRST_START_ENV.lastIndexOf('/'));
  return `mkdir -p -m 700 ${directory}
printf '%s\\n' ${lines.join(' ')} >${FIRST_START_ENV}`;
}

function directoryOf({ dataDirectory }: ChangeContext, { observed }: Reached): string {
  return observed.directory.now ?? dataDirectory;
}

/**
 * Lets a member without data form the cluster, together with all others. What it leaves unfinished is finished by the
 * note, see `isForming`.
 */
export function form(context: ChangeContext, member: Reached, formation: Formation): HostChange {
  const directory = directoryOf(context, member);
  const script = `${refuseWhileItRuns(context.unit)}
[ ! -e ${quote(`${directory}/member/wal`)} ] || refuse ${quote(`there is data in ${directory} by now: run again`)}
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

/** Starts a member with the data that it has. */
export function start(context: ChangeContext, { name }: Reached): HostChange {
  return change(context, {
    host: name,
    summary: 'start etcd',
    effects: ['starts'],
    script: `${FORGET_FIRST_START}\n${begin(context, 'start')}`,
    seconds: 120,
  });
}

/** Restarts a member that gives no answer, unless it does so again, and only while all others are healthy. */
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

/** Waits until a member is healthy, which it is together with a majority. */
export function awaitMember(context: ChangeContext, host: string): HostChange {
  return change(context, {
    host,
    summary: 'wait until it is healthy',
    effects: [],
    script: awaitHealthy(context),
    seconds: READY_SECONDS,
  });
}

/** Takes members out of the list; done where `on` is, which stays. None of `absent` may answer. */
export function remove(
  context: ChangeContext,
  on: Live,
  listed: readonly ListedMember[],
  summary: string,
  absent: readonly Reached[] = [],
): HostChange {
  const refusals = absent.map(
    ({ name, clientUrl }) =>
      `! ${CURL} -o /dev/null ${quote(`${clientUrl}/health`)} || refuse ${quote(`etcd answers on ${name} by now: run again`)}`,
  );
  return change(context, {
    host: on.name,
    summary,
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
 * Adds a member to the cluster of `peers`, and starts it without data. Data that it has is of that very cluster, which
 * lists its member no more: all of it that was ever agreed on is with the others.
 */
export function join(context: ChangeContext, member: Reached, peers: readonly Live[]): HostChange {
  const own = member.identity?.member;
  const stillListed =
    own === undefined
      ? ''
      : `members list
case $out in *${quote(`${own}, `)}*) refuse 'the cluster lists its data by now: run again' ;; esac
`;
  const script = `${refuseWhileItRuns(context.unit)}
${memberCommand(peers)}
${stillListed}members add ${quote(member.name)} --peer-urls=${quote(member.peerUrl)}
cluster=$(printf '%s\\n' "$out" | sed -n 's/^ETCD_INITIAL_CLUSTER="\\(.*\\)"$/\\1/p')
[ -n "$cluster" ] || refuse "etcdctl did not say which members the cluster has: $out"
systemctl stop -- ${quote(context.unit)}
${moveAside(directoryOf(context, member))}
rm -f -- ${quote(context.formingMark)}
${firstStart(['ETCD_INITIAL_CLUSTER_STATE=existing', '"ETCD_INITIAL_CLUSTER=$cluster"'])}
${begin(context, 'start')}
${awaitHealthy(context)}`;
  return change(context, {
    host: member.name,
    summary: `join the cluster${member.observed.data ? ', its old data moved aside' : ''}`,
    effects: ['stops', 'wipes', 'joins', 'starts'],
    script,
    seconds: CALM_SECONDS + READY_SECONDS + 120,
  });
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
