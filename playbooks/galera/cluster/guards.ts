import { REPLICATION_PORT_HEX, serverFunctions } from './server-functions.ts';
import { DATA_FUNCTIONS } from './data-functions.ts';

const STATUS = `SET SESSION wsrep_sync_wait=0;
  SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on','wsrep_provider');
  SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_status','wsrep_ready')`;

const READINESS = `SET SESSION wsrep_sync_wait=0; SHOW GLOBAL STATUS
  WHERE Variable_name IN ('wsrep_cluster_status','wsrep_local_state_comment','wsrep_ready')`;

/**
 * What every script that changes a member begins with: it finds the server as the probe does, and knows by what to
 * check again, right before it stops something, that what the decision rested on still holds.
 *
 * - `ask_server SQL` asks over the server's own socket; where sockets cannot be seen, over the one that it should have.
 * - `wsrep` prints what the server says of itself, such as `Primary Synced ON `; nothing where it does not answer.
 * - `may_serve` prints why the server here may serve clients; nothing where it provably serves nobody.
 * - `spare` ends the script where it may.
 * - `at_rest` ends the script where any process of the server runs.
 * - `waits_in_vain` is true for a server that came up after a crash and waits for the members it was with: it listens
 *   to them, has its last view (`gvwstate.dat`), receives no state transfer, and has never opened a socket for clients.
 */
export function guards(unit: string, dataDirectory: string): string {
  return `${serverFunctions(unit, dataDirectory)}
${DATA_FUNCTIONS}
open_doors() {
  if i=$(listeners "$1"); then printf '%s\\n' "$i" | doors; else echo "unix $socket"; fi
}
ask_server() {
  pids=$(server_pids)
  ask "$(open_doors "$pids")" "$1"
}
wsrep() {
  answer=$(ask_server "${READINESS}") || return 0
  printf '%s\\n' "$answer" | sort | cut -f 2 | tr '\\n' ' '
}
synced_within() {
  end=$(($(date +%s) + $1))
  until [ "$(wsrep)" = 'Primary Synced ON ' ]; do
    [ "$(date +%s)" -lt "$end" ] || return 1
    sleep 0.5
  done
}
value() { printf '%s\\n' "$answer" | sed -n "s/^$1\\t//p"; }
may_serve() {
  pids=$(server_pids)
  [ -n "$pids" ] || return 0
  open=$(open_doors "$pids")
  [ -n "$open" ] || return 0
  follow
  if ! answer=$(ask "$open" "${STATUS}"); then
    echo "it cannot be asked ($answer)"
  elif [ "$(value wsrep_on)" = ON ] && [ "$(value wsrep_provider)" != none ]; then
    case $(value wsrep_cluster_status)/$(value wsrep_ready) in
      [Pp]rimary/*) echo 'it is in a Primary component now' ;;
      */OFF) ;;
      *) echo 'it takes queries' ;;
    esac
  elif [ -n "$(own_databases)" ]; then
    echo "it has databases: $(own_databases | tr '\\n' ' ')"
  fi
}
spare() {
  why=$(may_serve)
  [ -z "$why" ] || { echo "the server here may serve clients, and is left alone: $why" >&2; exit 1; }
}
at_rest() {
  pids=$(server_pids)
  [ -z "$pids" ] || { echo "a server runs here now, as process $(echo $pids), and is left alone" >&2; exit 1; }
}
waits_in_vain() {
  pids=$(server_pids)
  [ -n "$pids" ] && heard=$(listeners "$pids") || return 1
  [ -z "$(printf '%s\\n' "$heard" | doors)" ] || return 1
  printf '%s\\n' "$heard" | grep -qx 'tcp ${REPLICATION_PORT_HEX}' || return 1
  follow
  [ -e "$state/gvwstate.dat" ] && ! pgrep -f '[w]srep_sst_' >/dev/null
}
resolve || { echo 'the options of the server cannot be read: my_print_defaults --mysqld' >&2; exit 1; }`;
}
