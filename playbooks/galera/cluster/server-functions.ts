import { LIMITS, quote, within } from 'osha';

/**
 * Ports on which only members listen to each other: replication and incremental state transfers. In hexadecimal, as
 * /proc/net/tcp has them. Whatever else a server listens on may be for clients.
 */
export const REPLICATION_PORT_HEX = '11D7';
const TRANSFER_PORT_HEX = '11D8';

/** Where the server has its socket, unless its options name another. */
const DEFAULT_SOCKET = '/run/mysqld/mysqld.sock';

/** Seconds that the server has for an answer. One that takes longer is slow, and as alive as any other. */
export const ANSWER_SECONDS = LIMITS.mariadbAnswers;

/**
 * Shell functions by which a probe and the changes find the server of `unit`, its directories and its sockets. They
 * only read, on every host shell and with `set -e`.
 *
 * - `resolve` sets data, innodb, log and state: where the server that the unit starts keeps its tables, InnoDB's files
 *   and log, and Galera's state; its socket; and the name of its cluster, where its options say one. Fails where the
 *   options cannot be read.
 * - `unit_words` prints the arguments that the unit gives its server, when `know` has asked systemd.
 * - `server_pids` prints the processes: of the unit, and those outside of it that work in the same data directory.
 * - `follow` sets data and state to those of the running server, and moved to what a start would take instead of them.
 * - `listeners PIDS` prints `unix PATH` and `tcp PORT` for each socket that they listen on. Fails where that cannot be
 *   seen. It reads /proc and not `ss`, which sees nothing in another network namespace.
 * - `doors` reads those lines and prints the ones that clients may come in by.
 * - `ask DOORS SQL` prints what the server answers; otherwise what the client said, and fails.
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
 * What the server of the unit is started with: its option files, then the words of ExecStart, with variables filled in
 * as systemd does it. HOME is set because a server that systemd starts reads no ~/.my.cnf.
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

/** A server changes into its data directory first of all, so that is known of each, however it was started. */
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

/** Root is asked for over a socket of the server's own, wherever that is: no password exists that could leak. */
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
