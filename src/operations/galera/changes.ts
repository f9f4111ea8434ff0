import { clusterChange } from '../cluster-change.ts';
import type { Change, HostChange } from '../../playbook/operation.ts';
import { SQL_CLIENT } from '../mysql/sql.ts';
import { journalOnFailure, startScript } from '../service-script.ts';
import { quote } from '../shell.ts';
import { CLUSTER, POSITION_FILE } from './observe.ts';

/** What the changes need to know of the hosts. */
export interface ChangeContext {
  /** The server's unit. */
  readonly unit: string;
  readonly dataDirectory: string;
  readonly members: number;
  /** Seconds that a member may take to be Synced, a full state transfer included. */
  readonly syncSeconds: number;
}

/** Seconds in which a member that lost its cluster may find back by itself, before it is restarted. */
const RETURN_SECONDS = 30;

/** Seconds in which a server that starts has to find its cluster, once it looks for it: Galera itself allows 30. */
const SETTLE_SECONDS = 60;

/** Where members listen to each other. */
const REPLICATION_PORT = 4567;

/** Shell functions that tell and await what the server says of itself. */
const AWAIT = `
wsrep() {
  timeout 10 ${SQL_CLIENT} -e "SET SESSION wsrep_sync_wait=0; SHOW GLOBAL STATUS WHERE Variable_name IN
    ('wsrep_cluster_status','wsrep_local_state_comment','wsrep_ready')" 2>/dev/null | sort | cut -f 2 | tr '\\n' ' ' || :
}
synced_within() {
  end=$(($(date +%s) + $1))
  until [ "$(wsrep)" = 'Primary Synced ON ' ]; do
    [ "$(date +%s)" -lt "$end" ] || return 1
    sleep 0.5
  done
}`;

/**
 * A server that is started with this left behind forms a second cluster. galera_new_cluster removes it itself, but not
 * when it is killed; older versions of it leave the variable in systemd's environment instead of a file.
 */
const FORGET_BOOTSTRAP = `rm -f /run/mariadb-wsrep-new-cluster
systemctl unset-environment _WSREP_NEW_CLUSTER 2>/dev/null || :`;

function change(
  context: ChangeContext,
  summary: string,
  script: string,
  seconds: number,
  files: readonly string[] = [],
): Change {
  return clusterChange({ cluster: CLUSTER, unit: context.unit, summary, script, seconds, files });
}

function awaitSynced(context: ChangeContext): string {
  return `synced_within ${context.syncSeconds} || {
  echo "not Synced within ${context.syncSeconds} s; it says: $(wsrep)" >&2
${journalOnFailure(context.unit)}}`;
}

function setSafeFlag(context: ChangeContext, value: 0 | 1): string {
  const file = quote(`${context.dataDirectory}/grastate.dat`);
  return `if [ -e ${file} ]; then sed -i 's/^safe_to_bootstrap:.*/safe_to_bootstrap: ${value}/' ${file}; fi`;
}

/**
 * Finds out how far a stopped member's data has come, and leaves it in `POSITION_FILE` for the next look. This is a
 * change and no probe: InnoDB goes through its crash recovery for it. A server that still runs outside of its cluster
 * is stopped first.
 */
export function recover(context: ChangeContext, host: string): HostChange {
  const script = `systemctl stop -- ${quote(context.unit)}
rm -f ${POSITION_FILE}
position=$(galera_recovery)
case $position in *=?*) ;; *)
  echo 'galera_recovery found no position: is wsrep_on set in the configuration?' >&2
  exit 1 ;;
esac
mkdir -p -m 700 ${POSITION_FILE.slice(0, POSITION_FILE.lastIndexOf('/'))}
sleep 0.1
umask 077
printf '%s\\n' "\${position#*=}" >${POSITION_FILE}`;
  return { host, change: change(context, 'find out its last transaction (InnoDB recovery)', script, 900) };
}

/**
 * Waits until a server that is on its way up or down has come to rest. One that crashed remembers who was with it
 * (`gvwstate.dat`) and waits for all of them without end, deaf to SIGTERM. When no Primary lives anywhere, that is in
 * vain: it is killed, which costs nothing, because it has not served anybody. It is let alone as long as it does not
 * listen to other members yet, because then it is in InnoDB's crash recovery, and while it receives a state transfer.
 */
export function settle(context: ChangeContext, host: string, noPrimaryAnywhere: boolean): HostChange {
  const unit = quote(context.unit);
  const inVain = noPrimaryAnywhere
    ? `systemctl stop --no-block -- ${unit}
systemctl kill -s KILL -- ${unit}
while ! systemctl is-failed --quiet -- ${unit} && [ "$(systemctl is-active -- ${unit})" != inactive ]; do
  [ "$(date +%s)" -lt $((end + 60)) ] || exit 1
  sleep 0.5
done
exit 0`
    : `echo 'it waits for members of its cluster, and some cannot be reached: bring them back first' >&2
exit 1`;
  const script = `${AWAIT}
start=$(date +%s)
end=$((start + ${SETTLE_SECONDS}))
while :; do
  case $(systemctl is-active -- ${unit}) in
    inactive | failed) exit 0 ;;
    active) [ -z "$(wsrep)" ] || exit 0 ;;
  esac
  now=$(date +%s)
  if [ "$now" -ge $((start + ${context.syncSeconds})) ]; then break; fi
  if [ "$now" -ge "$end" ] && [ -n "$(ss -Hltn 'sport = :${REPLICATION_PORT}')" ] &&
    ! pgrep -f '[w]srep_sst_' >/dev/null; then break; fi
  sleep 0.5
done
end=$(date +%s)
${inVain}`;
  const summary = noPrimaryAnywhere
    ? 'wait for mariadb to come up, and end it if it waits in vain'
    : 'wait for mariadb to come up';
  return { host, change: change(context, summary, script, context.syncSeconds + 60) };
}

/** Stops a server that runs without a quorum, because another member has newer data. */
export function stop(context: ChangeContext, host: string, why: string): HostChange {
  const script = `systemctl stop -- ${quote(context.unit)}`;
  return { host, change: change(context, `stop mariadb (${why})`, script, 300) };
}

/** Takes the mark off that allows a member to form the cluster, because another one will. */
export function clearSafeFlag(context: ChangeContext, host: string): HostChange {
  return {
    host,
    change: change(context, 'mark it as not safe to bootstrap', setSafeFlag(context, 0), 30),
  };
}

/** Forms the cluster anew from this member's data. */
export function bootstrap(context: ChangeContext, host: string, why: string): HostChange {
  const script = `${AWAIT}
${setSafeFlag(context, 1)}
systemctl reset-failed -- ${quote(context.unit)} 2>/dev/null || :
galera_new_cluster || {${journalOnFailure(context.unit)}}
${FORGET_BOOTSTRAP}
${awaitSynced(context)}`;
  return { host, change: change(context, `bootstrap the cluster (${why})`, script, context.syncSeconds) };
}

/** Starts a member so that it joins the live cluster, and waits until it is Synced. */
export function join(context: ChangeContext, host: string): HostChange {
  const script = `${AWAIT}
${FORGET_BOOTSTRAP}
${setSafeFlag(context, 0)}
(
${startScript(context.unit, 'restart', [])}
)
${awaitSynced(context)}`;
  return { host, change: change(context, 'join the cluster', script, context.syncSeconds) };
}

/** Waits for a member that is being brought up to date; one that gives up is left to the next look. */
export function awaitMember(context: ChangeContext, host: string): HostChange {
  const script = `${AWAIT}
end=$(($(date +%s) + ${context.syncSeconds}))
until synced_within 2; do
  case $(systemctl is-active -- ${quote(context.unit)}) in inactive | failed) exit 0 ;; esac
  [ "$(date +%s)" -lt "$end" ] || break
done
synced_within 0 || {
  echo "not Synced within ${context.syncSeconds} s; it says: $(wsrep)" >&2
${journalOnFailure(context.unit)}}`;
  return { host, change: change(context, 'wait until it is Synced', script, context.syncSeconds) };
}

/** A running member that lost its cluster finds back by itself when the others are in sight, or is restarted. */
export function rejoin(context: ChangeContext, host: string): HostChange {
  const script = `${AWAIT}
synced_within ${RETURN_SECONDS} && exit 0
${FORGET_BOOTSTRAP}
(
${startScript(context.unit, 'restart', [])}
)
${awaitSynced(context)}`;
  return {
    host,
    change: change(context, 'return to the cluster', script, context.syncSeconds + RETURN_SECONDS),
  };
}

/** Gives the quorum to a running member and those that it is connected to, without a restart. */
export function promote(context: ChangeContext, host: string, why: string): HostChange {
  const script = `${AWAIT}
${SQL_CLIENT} -e "SET GLOBAL wsrep_provider_options='pc.bootstrap=yes'"
${awaitSynced(context)}`;
  return { host, change: change(context, `give it the quorum (${why})`, script, context.syncSeconds) };
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
  const start =
    context.members === 1
      ? `systemctl reset-failed -- ${quote(context.unit)} 2>/dev/null || :
${touched.length > 0 ? `touch -c -- ${touched.map(quote).join(' ')}\n` : ''}systemctl stop -- ${quote(context.unit)}
${setSafeFlag(context, 1)}
galera_new_cluster || {${journalOnFailure(context.unit)}}
${FORGET_BOOTSTRAP}`
      : `size=$(${SQL_CLIENT} -e "SHOW GLOBAL STATUS LIKE 'wsrep_incoming_addresses'" | cut -f 2 | tr ',' '\\n' | grep -c .)
if [ "$size" -lt ${context.members} ]; then
  echo "the cluster has $size of ${context.members} members now: it cannot spare this one" >&2
  exit 1
fi
${FORGET_BOOTSTRAP}
(
${startScript(context.unit, 'restart', touched)}
)`;
  const script = `${AWAIT}\n${start}\n${awaitSynced(context)}`;
  return {
    host,
    change: change(context, `restart mariadb (${why})`, script, context.syncSeconds, touched),
  };
}
