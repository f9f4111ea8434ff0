import {
  clusterChange,
  type ClusterChange,
  type HostChange,
  journalOnFailure,
  LIMITS,
  quote,
  startScript,
  stretched,
  within,
} from 'osha';
import { CLUSTER } from './observe.ts';
import { POSITION_FILE, guards } from './shell-functions.ts';

/** Facts about the hosts that the changes need. */
export interface ChangeContext {
  /** The server's unit. */
  readonly unit: string;
  /** Data directory of the server, unless its own configuration sets another. */
  readonly dataDirectory: string;
  readonly members: number;
  /** Seconds for a member to become Synced, including a full state transfer. */
  readonly syncSeconds: number;
}

/**
 * Waits until a server has finished starting or stopping. One that crashed remembers its peers (`gvwstate.dat`) and
 * waits for all of them forever, ignoring SIGTERM. If no Primary exists anywhere, that is in vain: it is killed, which
 * costs nothing, because it has served no client. Silence is not enough: it must show every sign of such a server
 * (`waits_in_vain`), checked again right before the kill. A server with a socket for clients is never killed; neither
 * is one in crash recovery, nor one that receives data.
 */
export function settle(context: ChangeContext, host: string, noPrimaryAnywhere: boolean): HostChange {
  const inVain = noPrimaryAnywhere
    ? `systemctl stop --no-block -- "$u"
waits_in_vain || { echo 'it has just come up; left alone' >&2; exit 1; }
systemctl kill -s KILL -- "$u"
end=$(($(date +%s) + ${within('galeraSettles')}))
while ! systemctl is-failed --quiet -- "$u" && [ "$(systemctl is-active -- "$u")" != inactive ]; do
  [ "$(date +%s)" -lt "$end" ] || exit 1
  sleep 0.5
done
exit 0`
    : `echo 'it waits for members of its cluster, some of which cannot be reached: bring them back; if they are off for good, form the cluster without them: ${bootstrapCommand()}' >&2
exit 1`;
  const script = `start=$(date +%s)
while :; do
  case $(systemctl is-active -- "$u") in inactive | failed) exit 0 ;; esac
  [ -z "$(wsrep)" ] || exit 0
  now=$(date +%s)
  if [ "$now" -ge $((start + ${within('galeraSettles')})) ]; then
    if waits_in_vain; then break; fi
    pids=$(server_pids)
    if [ -n "$(open_doors "$pids")" ]; then
      echo "it accepts clients but cannot be queried: $(ask_server 'SELECT 1' || :)" >&2
      exit 1
    fi
  fi
  if [ "$now" -ge $((start + ${stretched(context.syncSeconds)})) ]; then
    echo "it is still starting or stopping after ${stretched(context.syncSeconds)} s" >&2
    exit 1
  fi
  sleep 0.5
done
${inVain}`;
  return memberChange(context, host, {
    summary: noPrimaryAnywhere
      ? 'wait for mariadb to come up, and kill it if it waits for members in vain'
      : 'wait for mariadb to come up',
    effects: noPrimaryAnywhere ? ['stops', 'kills'] : [],
    script,
    seconds: Math.max(context.syncSeconds, SETTLE_SECONDS) + 60,
  });
}

/**
 * Recovers the last transaction of a stopped member and writes it to `POSITION_FILE` for the next probe. This is a
 * change and not a probe, because InnoDB runs its crash recovery. A server that was expelled from its cluster and
 * accepts no queries is stopped first.
 */
export function recover(context: ChangeContext, host: string, runs: boolean): HostChange {
  const script = `${runs ? `spare\nsystemctl stop -- ${quote(context.unit)}` : ''}
at_rest
rm -f ${POSITION_FILE}
fingerprint >/dev/null || { echo "the data in $data, or InnoDB's log in $log, is missing: is its disk mounted?" >&2; exit 1; }
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
    summary: 'recover its last transaction (InnoDB crash recovery)',
    effects: runs ? ['stops'] : [],
    script,
    seconds: 900,
  });
}

/** Stops a server that runs without quorum, because another member has newer data. */
export function stop(context: ChangeContext, host: string, why: string): HostChange {
  return memberChange(context, host, {
    summary: `stop mariadb (${why})`,
    effects: ['stops'],
    script: `spare\nsystemctl stop -- ${quote(context.unit)}`,
    seconds: 300,
  });
}

/** Stops a standalone server with databases, so that the cluster can be formed from them. */
export function stopStandalone(context: ChangeContext, host: string): HostChange {
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

/** Removes everything that would let a member form a cluster at its start, because another one will. */
export function clearSafeFlag(context: ChangeContext, host: string): HostChange {
  return memberChange(context, host, {
    summary: 'mark as not safe to bootstrap',
    effects: [],
    script: `at_rest\n${setSafeFlag(0)}\n${FORGET_VIEW}`,
    seconds: 30,
  });
}

/** Forms the cluster from this member's data. */
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
 * Starts a member so that it joins the live cluster, and waits until it is Synced. Refuses if it serves clients or,
 * unless `overwrite` is set, if it has databases of its own.
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

/** Waits for a member that is catching up; if its server stops, the next decision handles it. */
export function awaitMember(context: ChangeContext, host: string): HostChange {
  const script = `until=$(($(date +%s) + ${stretched(context.syncSeconds)}))
until synced_within 2; do
  case $(systemctl is-active -- "$u") in inactive | failed) exit 0 ;; esac
  [ "$(date +%s)" -lt "$until" ] || break
done
synced_within 0 || {
  echo "not Synced within ${stretched(context.syncSeconds)} s; status: $(wsrep)" >&2
${journalOnFailure(context.unit)}}`;
  return memberChange(context, host, {
    summary: 'wait until Synced',
    effects: [],
    script,
    seconds: context.syncSeconds,
  });
}

/** Waits for a running member that lost its cluster to reconnect on its own, then restarts it. */
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
    summary: 'rejoin the cluster',
    effects: ['restarts', 'joins'],
    script,
    seconds: context.syncSeconds + RETURN_SECONDS,
  });
}

/**
 * Promotes a running member and those connected to it to Primary, without a restart. Only if it still lacks quorum: the
 * others may have come back since.
 */
export function promote(context: ChangeContext, host: string, why: string): HostChange {
  const script = `case $(wsrep) in
  [Nn]on-[Pp]rimary*) ask_server "SET GLOBAL wsrep_provider_options='pc.bootstrap=yes'" >&2 ;;
  [Pp]rimary*) ;;
  *) echo "it no longer lacks quorum, or does not answer: $(wsrep)" >&2; exit 1 ;;
esac
${awaitSynced(context)}`;
  return memberChange(context, host, {
    summary: `promote to Primary (${why})`,
    effects: ['promotes'],
    script,
    seconds: context.syncSeconds,
  });
}

/**
 * Restarts a member on its changed configuration. Checks right before the restart that all members are connected,
 * because that may have changed since the decision. An arbitrator has no client address and does not count as a member.
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
[ "$(wsrep)" = 'Primary Synced ON ' ] || { echo "it is not Synced now; left alone: $(wsrep)" >&2; exit 1; }
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

/** Returns a change to one member, whose script can use the functions of `guards`. */
function memberChange(context: ChangeContext, host: string, change: MemberChange): HostChange {
  const script = `${guards(context.unit, context.dataDirectory)}\n${change.script}`;
  return { host, change: clusterChange({ ...change, cluster: CLUSTER, unit: context.unit, script }) };
}

/** Command that forms the cluster from the data of `member`, or of a member that the operator chooses. */
export function bootstrapCommand(member = 'HOST'): string {
  return `osha deploy INVENTORY --bootstrap-from ${member}`;
}

type MemberChange = Omit<ClusterChange, 'cluster' | 'unit'>;

function awaitSynced(context: ChangeContext): string {
  return `synced_within ${stretched(context.syncSeconds)} || {
  echo "not Synced within ${stretched(context.syncSeconds)} s; status: $(wsrep)" >&2
${journalOnFailure(context.unit)}}`;
}

function setSafeFlag(value: 0 | 1): string {
  return `if [ -e "$state/grastate.dat" ]; then
  sed -i 's/^safe_to_bootstrap:.*/safe_to_bootstrap: ${value}/' "$state/grastate.dat"
fi`;
}

/** Starts a member with everything removed that would let it form a cluster: if it finds none, the start fails. */
function restartAsJoiner(context: ChangeContext): string {
  return `systemctl stop -- "$u"
${FORGET_BOOTSTRAP}
${setSafeFlag(0)}
${FORGET_VIEW}
(
${startScript(context.unit, 'restart', [])}
)`;
}

/** The only member has no cluster to join: it bootstraps again, unless other members have connected by now. */
function restartAlone(context: ChangeContext, touched: readonly string[]): string {
  return `size=$(count wsrep_cluster_size)
[ "$size" = 1 ] || { echo "its cluster now has $size votes: it must not bootstrap again" >&2; exit 1; }
systemctl reset-failed -- "$u" 2>/dev/null || :
${touched.length > 0 ? `touch -c -- ${touched.map(quote).join(' ')}\n` : ''}systemctl stop -- "$u"
${setSafeFlag(1)}
galera_new_cluster || {${journalOnFailure(context.unit)}}
${FORGET_BOOTSTRAP}`;
}

function restartAmongOthers(context: ChangeContext, touched: readonly string[]): string {
  return `size=$(count wsrep_incoming_addresses | tr ',' '\\n' | grep -c . || :)
if [ "$size" -lt ${context.members} ]; then
  echo "only $size of ${context.members} members are connected now: this one must keep running" >&2
  exit 1
fi
${FORGET_BOOTSTRAP}
(
${startScript(context.unit, 'restart', touched)}
)`;
}

/**
 * A server that starts while this remains forms a second cluster. galera_new_cluster removes it itself unless it is
 * killed; older versions set a variable in systemd's environment instead of a file.
 */
const FORGET_BOOTSTRAP = `rm -f /run/mariadb-wsrep-new-cluster
systemctl unset-environment _WSREP_NEW_CLUSTER 2>/dev/null || :`;

/**
 * Galera's record of its last peers. A server that starts with it resumes their cluster once it sees all of them. One
 * that was the last member resumes at once, alone, even next to a cluster that it does not see.
 */
const FORGET_VIEW = 'rm -f "$state/gvwstate.dat"';

/** Seconds for a member that lost its cluster to reconnect on its own before it is restarted. */
const RETURN_SECONDS = LIMITS.galeraReturns;

/** Seconds for a starting server to find its cluster: Galera itself allows 30. */
const SETTLE_SECONDS = LIMITS.galeraSettles;
