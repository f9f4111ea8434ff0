import {
  clusterChange,
  type Effect,
  type HostChange,
  journalOnFailure,
  LIMITS,
  quote,
  startScript,
  stretched,
  within,
} from 'osha';
import { POSITION_FILE } from './data-functions.ts';
import { guards } from './guards.ts';
import { CLUSTER } from './observe.ts';

/** What the changes need to know of the hosts. */
export interface ChangeContext {
  /** The server's unit. */
  readonly unit: string;
  /** Where the server keeps its data, where its own configuration says nothing else. */
  readonly dataDirectory: string;
  readonly members: number;
  /** Seconds that a member may take to be Synced, a full state transfer included. */
  readonly syncSeconds: number;
}

/** Seconds in which a member that lost its cluster may find back by itself, before it is restarted. */
const RETURN_SECONDS = LIMITS.galeraReturns;

/**
 * A server that is started with this left behind forms a second cluster. galera_new_cluster removes it itself, but not
 * when it is killed; older versions of it leave the variable in systemd's environment instead of a file.
 */
const FORGET_BOOTSTRAP = `rm -f /run/mariadb-wsrep-new-cluster
systemctl unset-environment _WSREP_NEW_CLUSTER 2>/dev/null || :`;

/**
 * What Galera remembers of the last members that it was with. A server that is started with it, and sees all of them,
 * goes on as their cluster; one that was the last, at once and alone, also beside a cluster that it does not see.
 */
const FORGET_VIEW = 'rm -f "$state/gvwstate.dat"';

interface MemberChange {
  readonly summary: string;
  readonly effects: readonly Effect[];
  readonly script: string;
  /** What the script itself waits for at the longest. */
  readonly seconds: number;
  readonly files?: readonly string[];
}

/** A change to one member, with the functions of `guards` for its script. */
export function memberChange(context: ChangeContext, host: string, change: MemberChange): HostChange {
  const script = `${guards(context.unit, context.dataDirectory)}\n${change.script}`;
  return { host, change: clusterChange({ ...change, cluster: CLUSTER, unit: context.unit, script }) };
}

function awaitSynced(context: ChangeContext): string {
  return `synced_within ${stretched(context.syncSeconds)} || {
  echo "not Synced within ${stretched(context.syncSeconds)} s; it says: $(wsrep)" >&2
${journalOnFailure(context.unit)}}`;
}

function setSafeFlag(value: 0 | 1): string {
  return `if [ -e "$state/grastate.dat" ]; then
  sed -i 's/^safe_to_bootstrap:.*/safe_to_bootstrap: ${value}/' "$state/grastate.dat"
fi`;
}

/** Starts a member with nothing left that would let it form a cluster: without one in sight, the start fails. */
function restartAsJoiner(context: ChangeContext): string {
  return `systemctl stop -- "$u"
${FORGET_BOOTSTRAP}
${setSafeFlag(0)}
${FORGET_VIEW}
(
${startScript(context.unit, 'restart', [])}
)`;
}

/**
 * Finds out how far a stopped member's data has come, and leaves it in `POSITION_FILE` for the next look. This is a
 * change and no probe: InnoDB goes through its crash recovery for it. A server that was thrown out of its cluster and
 * takes no queries is stopped first.
 */
export function recover(context: ChangeContext, host: string, runs: boolean): HostChange {
  const script = `${runs ? `spare\nsystemctl stop -- ${quote(context.unit)}` : ''}
at_rest
rm -f ${POSITION_FILE}
fingerprint >/dev/null || { echo "the data in $data, or InnoDB's log in $log, is not there: is its disk mounted?" >&2; exit 1; }
set -f
know
position=$(galera_recovery $(unit_words))
case $position in *=?*) ;; *)
  echo 'galera_recovery found no position: is wsrep_on set in the configuration?' >&2
  exit 1 ;;
esac
mkdir -p -m 700 ${POSITION_FILE.slice(0, POSITION_FILE.lastIndexOf('/'))}
print=$(fingerprint)
umask 077
printf '%s %s\\n' "$print" "\${position#*=}" >${POSITION_FILE}`;
  return memberChange(context, host, {
    summary: 'find out its last transaction (InnoDB recovery)',
    effects: runs ? ['stops'] : [],
    script,
    seconds: 900,
  });
}

/** Stops a server that runs without a quorum, because another member has newer data. */
export function stop(context: ChangeContext, host: string, why: string): HostChange {
  return memberChange(context, host, {
    summary: `stop mariadb (${why})`,
    effects: ['stops'],
    script: `spare\nsystemctl stop -- ${quote(context.unit)}`,
    seconds: 300,
  });
}

/** Stops a server of its own that has databases, so that it can form the cluster from them. */
export function stopOwnServer(context: ChangeContext, host: string): HostChange {
  const script = `case $(may_serve) in
  '' | 'it has databases: '*) systemctl stop -- ${quote(context.unit)} ;;
  *) spare ;;
esac`;
  return memberChange(context, host, {
    summary: "stop mariadb (its databases become the cluster's)",
    effects: ['stops'],
    script,
    seconds: 300,
  });
}

/** Takes from a member what would let it form a cluster when it starts, because another one will. */
export function clearSafeFlag(context: ChangeContext, host: string): HostChange {
  return memberChange(context, host, {
    summary: 'mark it as not safe to bootstrap',
    effects: [],
    script: `at_rest\n${setSafeFlag(0)}\n${FORGET_VIEW}`,
    seconds: 30,
  });
}

/** Forms the cluster anew from this member's data. */
export function bootstrap(context: ChangeContext, host: string, why: string): HostChange {
  const script = `spare
${setSafeFlag(1)}
systemctl reset-failed -- ${quote(context.unit)} 2>/dev/null || :
galera_new_cluster || {${journalOnFailure(context.unit)}}
${FORGET_BOOTSTRAP}
${awaitSynced(context)}`;
  return memberChange(context, host, {
    summary: `bootstrap the cluster (${why})`,
    effects: ['restarts', 'forms'],
    script,
    seconds: context.syncSeconds,
  });
}

/**
 * Starts a member so that it joins the live cluster, and waits until it is Synced. One that serves somebody, and unless
 * `overwrite` one that has databases of its own, is left alone.
 */
export function join(context: ChangeContext, host: string, overwrite: boolean): HostChange {
  const own = `if [ ! -e "$state/grastate.dat" ] && [ ! -e "$state/galera.cache" ] && [ -n "$(own_databases)" ]; then
  echo "it has databases of its own now, which joining would overwrite: $(own_databases)" >&2
  exit 1
fi`;
  const script = `spare
${overwrite ? '' : own}
${restartAsJoiner(context)}
${awaitSynced(context)}`;
  return memberChange(context, host, {
    summary: 'join the cluster',
    effects: ['restarts', 'joins'],
    script,
    seconds: context.syncSeconds,
  });
}

/** Waits for a member that is being brought up to date; one that gives up is left to the next look. */
export function awaitMember(context: ChangeContext, host: string): HostChange {
  const script = `until=$(($(date +%s) + ${stretched(context.syncSeconds)}))
until synced_within 2; do
  case $(systemctl is-active -- "$u") in inactive | failed) exit 0 ;; esac
  [ "$(date +%s)" -lt "$until" ] || break
done
synced_within 0 || {
  echo "not Synced within ${stretched(context.syncSeconds)} s; it says: $(wsrep)" >&2
${journalOnFailure(context.unit)}}`;
  return memberChange(context, host, {
    summary: 'wait until it is Synced',
    effects: [],
    script,
    seconds: context.syncSeconds,
  });
}

/** A running member that lost its cluster finds back by itself when the others are in sight, or is restarted. */
export function rejoin(context: ChangeContext, host: string): HostChange {
  const script = `synced_within ${within('galeraReturns')} && exit 0
case $(wsrep) in
  [Pp]rimary*) ;;
  *)
    spare
    ${restartAsJoiner(context)} ;;
esac
${awaitSynced(context)}`;
  return memberChange(context, host, {
    summary: 'return to the cluster',
    effects: ['restarts', 'joins'],
    script,
    seconds: context.syncSeconds + RETURN_SECONDS,
  });
}

/**
 * Gives the quorum to a running member and those that it is connected to, without a restart. Only to one that still has
 * none: the others may have come into sight since.
 */
export function promote(context: ChangeContext, host: string, why: string): HostChange {
  const script = `case $(wsrep) in
  [Nn]on-[Pp]rimary*) ask_server "SET GLOBAL wsrep_provider_options='pc.bootstrap=yes'" >&2 ;;
  [Pp]rimary*) ;;
  *) echo "it is not without a quorum any more, or does not answer: $(wsrep)" >&2; exit 1 ;;
esac
${awaitSynced(context)}`;
  return memberChange(context, host, {
    summary: `give it the quorum (${why})`,
    effects: ['promotes'],
    script,
    seconds: context.syncSeconds,
  });
}

/**
 * Restarts a member on its changed configuration. It asks again on the spot whether all members are there, because
 * something may have happened since the decision; an arbitrator, which has no address for clients, is no member.
 */
export function restart(
  context: ChangeContext,
  host: string,
  why: string,
  touched: readonly string[],
): HostChange {
  const alone = context.members === 1;
  const script = `count() {
  ask_server "SET SESSION wsrep_sync_wait=0; SHOW GLOBAL STATUS LIKE '$1'" | cut -f 2
}
[ "$(wsrep)" = 'Primary Synced ON ' ] || { echo "it is not Synced now, and is left alone: $(wsrep)" >&2; exit 1; }
${alone ? restartAlone(context, touched) : restartAmongOthers(context, touched)}
${awaitSynced(context)}`;
  return memberChange(context, host, {
    summary: `restart mariadb (${why})`,
    effects: alone ? ['restarts', 'forms'] : ['restarts'],
    script,
    seconds: context.syncSeconds,
    files: touched,
  });
}

/** The only member has nobody to join: it forms its cluster again, when there is nobody else in it now. */
function restartAlone(context: ChangeContext, touched: readonly string[]): string {
  return `size=$(count wsrep_cluster_size)
[ "$size" = 1 ] || { echo "it has others in its cluster now, $size in all: it cannot form it again" >&2; exit 1; }
systemctl reset-failed -- "$u" 2>/dev/null || :
${touched.length > 0 ? `touch -c -- ${touched.map(quote).join(' ')}\n` : ''}systemctl stop -- "$u"
${setSafeFlag(1)}
galera_new_cluster || {${journalOnFailure(context.unit)}}
${FORGET_BOOTSTRAP}`;
}

function restartAmongOthers(context: ChangeContext, touched: readonly string[]): string {
  return `size=$(count wsrep_incoming_addresses | tr ',' '\\n' | grep -c . || :)
if [ "$size" -lt ${context.members} ]; then
  echo "the cluster has $size of ${context.members} members now: it cannot spare this one" >&2
  exit 1
fi
${FORGET_BOOTSTRAP}
(
${startScript(context.unit, 'restart', touched)}
)`;
}
