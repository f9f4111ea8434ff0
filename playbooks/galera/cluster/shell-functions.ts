import { LIMITS, quote, within } from 'osha';

/**
 * Ports for inter-node traffic only: replication and incremental state transfers. In hexadecimal, as in /proc/net/tcp.
 * Any other port of a server may be for clients.
 */
const REPLICATION_PORT_HEX = '11D7';
const TRANSFER_PORT_HEX = '11D8';

/** Socket of the server, unless its options name another. */
const DEFAULT_SOCKET = '/run/mysqld/mysqld.sock';

/** Seconds for the server to answer. One that takes longer is slow, but counts as running. */
export const ANSWER_SECONDS = LIMITS.mariadbAnswers;

/**
 * Shell functions with which the probe and the changes find the server of `unit`, its directories and its sockets. They
 * only read, and work in any POSIX shell and with `set -e`.
 *
 * - `resolve` sets data, innodb, log and state (the directories of tables, InnoDB's files and log, and Galera's state),
 *   socket, and name (of the cluster, if configured), as the unit would start the server. Fails if the options cannot
 *   be read.
 * - `unit_words` prints the arguments that the unit passes to its server, after `know` has queried systemd.
 * - `server_pids` prints the processes of the unit, and those outside it that use the same data directory.
 * - `follow` sets data and state to those of the running server, and moved to the data directory of the next start if
 *   it differs.
 * - `listeners PIDS` prints `unix PATH` and `tcp PORT` for each listening socket. Fails if they cannot be listed. It
 *   reads /proc because `ss` sees nothing in another network namespace.
 * - `doors` filters those lines for the sockets that clients may use.
 * - `ask DOORS SQL` prints the server's answer; on failure, the error of the client.
 */
export function serverFunctions(unit: string, dataDirectory: string): string {
  return `u=${quote(unit)}
${OPTIONS}
resolve() {
  data=${quote(dataDirectory)} innodb= log= state= base= name= socket=${DEFAULT_SOCKET}
  if command -v my_print_defaults >/dev/null 2>&1; then options=$(server_options) || return 1; else options=; fi
  while IFS= read -r i; do
    case \${i%%=*} in
      --datadir | --loose[-_]datadir) data=\${i#*=} ;;
      --socket) socket=\${i#*=} ;;
      --innodb[-_]data[-_]home[-_]dir | --loose[-_]innodb[-_]data[-_]home[-_]dir) innodb=\${i#*=} ;;
      --innodb[-_]log[-_]group[-_]home[-_]dir | --loose[-_]innodb[-_]log[-_]group[-_]home[-_]dir) log=\${i#*=} ;;
      --wsrep[-_]data[-_]home[-_]dir | --loose[-_]wsrep[-_]data[-_]home[-_]dir) state=\${i#*=} ;;
      --wsrep[-_]cluster[-_]name | --loose[-_]wsrep[-_]cluster[-_]name) name=\${i#*=} ;;
      --wsrep[-_]provider[-_]options | --loose[-_]wsrep[-_]provider[-_]options) base=\${i#*=} ;;
    esac
  done <<END
$options
END
  case $base in
    *base_dir*) base=$(printf ';%s\\n' "$base" | sed -n 's/.*; *base_dir *= *\\([^; ]*\\).*/\\1/p') ;;
    *) base= ;;
  esac
  state=\${base:-$state}
  case $innodb in '') innodb=$data ;; /*) ;; *) innodb=$data/$innodb ;; esac
  case $log in '') log=$data ;; /*) ;; *) log=$data/$log ;; esac
  case $state in '') state=$data ;; /*) ;; *) state=$data/$state ;; esac
}
${PROCESSES}
${ASK}`;
}

/**
 * Options of the unit's server: its option files, then the arguments in ExecStart, with variables expanded as systemd
 * does. HOME is set because a server started by systemd reads no ~/.my.cnf.
 */
const OPTIONS = `know() {
  main=0 group= start= environment= files=
  while IFS= read -r i; do
    case $i in
      MainPID=*) main=\${i#*=} ;;
      ControlGroup=*) group=\${i#*=} ;;
      ExecStart=*) start=\${i#*'argv[]='} ;;
      Environment=*) environment=\${i#*=} ;;
      EnvironmentFiles=*) files="$files \${i#*=}" ;;
    esac
  done <<END
$(systemctl show -p MainPID,ControlGroup,ExecStart,Environment,EnvironmentFiles -- "$u" 2>/dev/null)
END
}
unit_words() {
  set -f
  for w in \${start%% ; ignore_errors=*}; do
    case $w in
      '$_WSREP'* | '\${_WSREP'*) ;;
      '$'*) variable "$(printf %s "$w" | tr -d '\${}')" ;;
      --*) printf '%s\\n' "$w" ;;
    esac
  done
}
variable() {
  {
    systemctl show-environment 2>/dev/null
    printf '%s\\n' "$environment"
    for i in $files; do case $i in /*) cat "$i" 2>/dev/null || : ;; esac; done
  } | awk -v name="$1" '{
    on = 0
    for (i = 1; i <= NF; i++) {
      w = $i
      gsub(/["\\047]/, "", w)
      if (index(w, name "=") == 1) { on = 1; n = 0; w = substr(w, length(name) + 2); if (w != "") word[n++] = w }
      else if (on && w ~ /^-/) word[n++] = w
      else on = 0
    }
  }
  END { for (i = 0; i < n; i++) print word[i] }'
}
server_options() {
  know
  words=$(unit_words)
  set -f
  set --
  for w in $words; do case $w in --defaults-*=* | --no-defaults) set -- "$@" "$w" ;; esac; done
  HOME=/nonexistent my_print_defaults "$@" --mysqld galera 2>/dev/null || return 1
  printf '%s\\n' "$words"
}`;

/** A server changes into its data directory first, which reveals the directory however it was started. */
const PROCESSES = `inode_of() { stat -L -c %d:%i -- "$1" 2>/dev/null || :; }
server_pids() {
  know
  case $main in '' | 0) ;; *) [ ! -d "/proc/$main" ] || echo "$main" ;; esac
  here=$(inode_of "$data")
  for i in $(grep -lxE 'mariadbd|mysqld' /proc/[0-9]*/comm 2>/dev/null | cut -d / -f 3); do
    [ "$i" != "$main" ] || continue
    if [ -n "$group" ] && grep -q ":$group\\$" "/proc/$i/cgroup" 2>/dev/null; then echo "$i"
    elif [ -n "$here" ] && [ "$(inode_of "/proc/$i/cwd")" = "$here" ]; then echo "$i"; fi
  done
}
follow() {
  moved=
  for i in $pids; do
    grep -qxE 'mariadbd|mysqld' "/proc/$i/comm" 2>/dev/null || continue
    i=$(readlink "/proc/$i/cwd") || continue
    case $i in '' | /) continue ;; esac
    [ "$(inode_of "$i")" != "$(inode_of "$data")" ] || return 0
    moved=$data
    [ "$state" != "$data" ] || state=$i
    data=$i
    return 0
  done
}
listeners() {
  for p in $1; do
    if ! fds=$(ls -l "/proc/$p/fd" 2>/dev/null) || [ ! -r "/proc/$p/net/unix" ] || [ ! -r "/proc/$p/net/tcp" ]; then
      [ ! -d "/proc/$p" ] || return 1
      continue
    fi
    {
      printf '%s\\n' "$fds" | sed -n 's/.*socket:\\[\\([0-9]*\\)\\]$/mine \\1/p'
      for t in unix tcp tcp6; do [ ! -r "/proc/$p/net/$t" ] || sed "s/^/$t /" "/proc/$p/net/$t"; done
    } | awk '$1 == "mine" { mine[$2]; next }
      $1 == "unix" { if ($5 == "00010000" && ($8 in mine)) print "unix", $9; next }
      $5 == "0A" && ($11 in mine) { sub(/.*:/, "", $3); print "tcp", $3 }'
  done
}
doors() { grep -v -e '^tcp ${REPLICATION_PORT_HEX}$' -e '^tcp ${TRANSFER_PORT_HEX}$' || :; }`;

/** Logs in as root through the server's own socket, wherever that is, so that no password exists that could leak. */
const ASK = `ask() {
  said='it has no local socket'
  for s in $(printf '%s\\n' "$1" | sed -n 's/^unix \\(\\/.*\\)/\\1/p' | head -n 3); do
    [ -S "$s" ] || for i in $pids; do [ ! -S "/proc/$i/root$s" ] || s=/proc/$i/root$s; done
    if said=$(timeout -k 1 ${within('mariadbAnswers')} mariadb --no-defaults --protocol=socket --socket="$s" \\
      --connect-timeout=${within('mariadbAnswers')} -BN -e "$2" 2>&1); then
      printf '%s\\n' "$said"
      return 0
    else case $? in 124 | 137) said="no answer within ${within('mariadbAnswers')} s on $s" ;; esac; fi
  done
  printf '%s\\n' "$said" | tail -n 1
  return 1
}`;

/**
 * Holds the recovered position with the fingerprint of the data it was recovered from. In memory, so that it is gone
 * after a reboot.
 */
export const POSITION_FILE = '/run/osha/galera-position';

/**
 * Shell functions about the data of a stopped server; they need the variables that `resolve` sets.
 *
 * - `own_databases` prints all databases but the system's. `test` counts if it is not empty.
 * - `fingerprint` prints a checksum over everything that a recovered position depends on: the directories, InnoDB's
 *   log, Galera's state, the boot, and the last start of the unit. Fails if a directory or the log is missing, as on a
 *   disk that is not mounted.
 */
export const DATA_FUNCTIONS = `own_databases() {
  for i in "$data"/*/; do
    i=\${i%/}
    case \${i##*/} in
      '*' | mysql | performance_schema | sys | lost+found | '#'*) ;;
      test) [ -z "$(find "$i/" -type f ! -name db.opt 2>/dev/null | head -n 1)" ] || echo test ;;
      *) printf '%s\\n' "\${i##*/}" ;;
    esac
  done
}
fingerprint() {
  i=$(
    exec 2>/dev/null
    for i in "$data" "$innodb" "$log" "$state"; do stat -L -c '%n %d:%i' -- "$i" || exit 1; done
    stat -L -c '%n %d:%i %s %y %z' -- "$log/ib_logfile0" || exit 1
    for i in "$innodb/ibdata1" "$data/aria_log_control"; do stat -L -c '%n %d:%i %s %y %z' -- "$i" || echo "no $i"; done
    sed -n 's/^\\(uuid\\|seqno\\): */\\1 /p' "$state/grastate.dat" || echo 'no state'
    cat /proc/sys/kernel/random/boot_id
    systemctl show -p InvocationID -p ExecMainStartTimestampMonotonic -- "$u"
  ) || return 1
  printf '%s\\n' "$i" | sha256sum | cut -d ' ' -f 1
}`;

const STATUS = `SET SESSION wsrep_sync_wait=0;
  SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on','wsrep_provider');
  SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_status','wsrep_ready')`;

const READINESS = `SET SESSION wsrep_sync_wait=0; SHOW GLOBAL STATUS
  WHERE Variable_name IN ('wsrep_cluster_status','wsrep_local_state_comment','wsrep_ready')`;

/**
 * Shell functions for the scripts that change a member: they find the server as the probe does, and check right before
 * a stop that the reason for the decision still holds.
 *
 * - `ask_server SQL` queries over the server's own socket, or over the configured one if its sockets cannot be listed.
 * - `wsrep` prints the server's status, such as `Primary Synced ON `; nothing if it does not answer.
 * - `may_serve` prints why the server may serve clients; nothing if it provably serves none.
 * - `spare` ends the script if the server may serve clients.
 * - `at_rest` ends the script if any process of the server runs.
 * - `waits_in_vain` succeeds for a server that came up after a crash and waits for its former peers: it listens for
 *   them, has its last view (`gvwstate.dat`), receives no state transfer, and has never opened a socket for clients.
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
    echo "it cannot be queried ($answer)"
  elif [ "$(value wsrep_on)" = ON ] && [ "$(value wsrep_provider)" != none ]; then
    case $(value wsrep_cluster_status)/$(value wsrep_ready) in
      [Pp]rimary/*) echo 'it is in a Primary component now' ;;
      */OFF) ;;
      *) echo 'it accepts queries' ;;
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
