/** What the boot command prints before it reads anything: the login shell and sudo were passed. */
export const HELLO = 'osha-hello';

/**
 * A command line that greets, and then runs a program of `sizeBytes` that it reads from stdin, so that nothing of it is
 * in argv or in sudo's log. `dd` and not `head`: BusyBox's and uutils' `head -c` read ahead of what they give out.
 */
export function bootCommand(sizeBytes: number): string {
  return `sh -c 'echo ${HELLO}; eval "$(dd bs=${sizeBytes} count=1 iflag=fullblock 2>/dev/null)"' osha`;
}

/** What a remote loop is made with. */
export interface LoopSettings {
  /** Unguessable, and of letters and digits only: what the loop says begins with it, and nothing else can. */
  readonly mark: string;
  /** Without a word from the other end for so many seconds (up to twice of it), the loop ends itself. 0: never. */
  readonly quietSeconds: number;
}

/**
 * The program that runs on a host for as long as its session lasts: POSIX sh that reads requests on stdin.
 *
 * - `run ID SCRIPT_BYTES INPUT_BYTES`, that many bytes of each, `go`: runs the script in a session of its own. Its output
 *   stands between `MARK begin ID` and `MARK end ID EXITCODE`, on stdout and on stderr alike. The `go` is there because a
 *   connection that ends in the middle of the bytes must not run half a script.
 * - `kill ID`: ends all processes of that session, first asking, then not. Also those in process groups of their own, as
 *   timeout(1) makes one.
 * - `sync ID`: answers `MARK sync ID` once nothing of an earlier script can reach the output any more.
 * - `lock OWNER_BYTES`, that many bytes: takes the host's lock for as long as this loop lives. `MARK lock ok` or
 *   `MARK lock held OWNER`.
 * - `beat`: the other end is still there.
 *
 * Each script writes into pipes of its own. What it left running (a daemon) still holds them when the next script runs,
 * so the relays that read them are ended then: its late output can never stand in another script's answer.
 *
 * When stdin ends, what runs is ended too, and nothing stays behind. A connection that was cut without a word is found
 * out by the missing beats: sshd by itself would keep the loop, and so the lock, for hours.
 *
 * Descriptor 4 is the channel's stderr, 9 the lock; scripts and relays get neither. `env --default-signal` gives scripts
 * back SIGINT and SIGQUIT, which a shell ignores in whatever it runs in the background.
 */
export function remoteLoop({ mark, quietSeconds }: LoopSettings): string {
  return `exec 4>&2 2>/dev/null
umask 077
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset SUDO_COMMAND
cd /
dir= running= relays= waiter= watch= locked= beats=0
say() { printf '\\036%s %s\\n' ${mark} "$*"; }
refuse() { say "refused $*"; exit 1; }
for tool in setsid flock mkfifo mktemp dd cat rm ls sleep; do
  command -v "$tool" >/dev/null || refuse "the program $tool is missing"
done
[ -r /proc/uptime ] || refuse '/proc is not mounted'
for place in /run /dev/shm /tmp; do
  dir=$(mktemp -d "$place/osha.XXXXXXXX") && break
done
[ "$dir" ] || refuse 'no folder can be made in /run, /dev/shm or /tmp'
defaults=
env --default-signal=INT,QUIT true && defaults='env --default-signal=INT,QUIT'

look() {
  state= parent= session=
  read -r stat <"/proc/$1/stat" || return 1
  set -- \${stat##*) }
  state=$1 parent=$2 session=$4
}
signal_session() {
  any=
  for entry in /proc/[0-9]*; do
    look "\${entry#/proc/}" && [ "$session" = "$2" ] && [ "$state" != Z ] || continue
    any=1
    kill -s "$1" "\${entry#/proc/}"
  done
  [ "$any" ]
}
clock() {
  read -r now idle </proc/uptime
  now=\${now%.*}\${now#*.}
}
stop() {
  [ "$running" ] || return 0
  pid= tries=0
  until read -r pid <"$dir/pid" && [ "$pid" ] || [ "$tries" -ge 100 ]; do
    tries=$((tries + 1)); sleep 0.05
  done
  case $pid in '' | done) return 0 ;; esac
  kill -s TERM "$pid"
  signal_session TERM "$pid"
  clock
  asked=$now
  while kill -s 0 "$pid" || signal_session 0 "$pid"; do
    clock
    [ "$((now - asked))" -lt 200 ] || { kill -s KILL "$pid"; signal_session KILL "$pid"; }
    [ "$((now - asked))" -lt 400 ] || return 0
    sleep 0.05
  done
}
end_relays() {
  for relay in $relays; do
    look "$relay" && [ "$parent" = "$$" ] && kill -s KILL "$relay"
  done
}
settle() {
  [ "$running" ] || return 0
  end_relays
  wait $relays "$waiter"
  running= relays=
}
leave() {
  trap '' HUP INT TERM
  stop
  end_relays
  [ -z "$watch" ] || kill -s TERM "$watch"
  [ -z "$locked" ] || true >"$locked"
  rm -rf "$dir"
}
trap leave EXIT
trap 'exit 143' HUP INT TERM
trap : PIPE

receive() {
  true >"$2" || return 1
  [ "$1" -lt 65536 ] || dd bs=65536 count=$(($1 / 65536)) iflag=fullblock >>"$2" || return 1
  [ "$(($1 % 65536))" -eq 0 ] || dd bs=$(($1 % 65536)) count=1 iflag=fullblock >>"$2"
}
start() {
  true >"$dir/pid"
  mkfifo "$dir/out" "$dir/err" || refuse 'no pipe can be made'
  cat <"$dir/out" 4>&- 9>&- &
  relays=$!
  cat <"$dir/err" >&4 4>&- 9>&- &
  relays="$relays $!"
  (
    exec 3<"$dir/input" >"$dir/out" 2>"$dir/err" 4>&- 9>&-
    say "begin $1"; say "begin $1" >&2
    umask 022
    setsid $defaults sh "$dir/script" <&3 3<&- &
    echo $! >"$dir/pid"
    exec 3<&-
    rm -f "$dir/out" "$dir/err" "$dir/input"
    { wait $!; } 2>/dev/null
    code=$?
    echo done >"$dir/pid"
    say "end $1 $code"; say "end $1 $code" >&2
  ) </dev/null &
  waiter=$!
  running=$1
}
lock() {
  receive "$1" "$dir/owner" || refuse "$dir is full"
  if [ -z "$locked" ]; then
    for place in /run /run/lock /tmp none; do
      ( : >>"$place/osha.lock" ) && break
    done
    [ "$place" != none ] || { say 'lock held nobody: no lock file can be written'; return; }
    exec 9>>"$place/osha.lock"
    if ! flock -n 9; then
      exec 9>&-
      holder=
      read -r holder <"$place/osha.lock"
      say "lock held $holder"
      return
    fi
    locked=$place/osha.lock
  fi
  cat "$dir/owner" >"$locked"
  say 'lock ok'
}

if [ ${quietSeconds} -gt 0 ]; then
  (
    trap 'kill "$nap"; exit' TERM
    before=
    while :; do
      sleep ${quietSeconds} &
      nap=$!
      wait "$nap"
      look self
      [ "$parent" = "$$" ] || { running=$(ls "$dir/pid"); stop; rm -rf "$dir"; exit; }
      now=$(cat "$dir/beat"; ls -ln "$dir")
      [ "$now" != "$before" ] || break
      before=$now
    done
    kill -s TERM "$$"
    sleep 1
    for entry in /proc/[0-9]*; do
      case \${entry#/proc/} in *[!0-9]*) continue ;; esac
      look "\${entry#/proc/}" && [ "$parent" = "$$" ] && [ "$session" ] || continue
      read -r name <"$entry/comm" && [ "$name" = dd ] && kill -s KILL "\${entry#/proc/}"
    done
  ) </dev/null >/dev/null 4>&- &
  watch=$!
fi

say ready
while read -r verb id first second; do
  case $verb in
  run)
    settle
    receive "$first" "$dir/script" && receive "$second" "$dir/input" || refuse "$dir is full"
    read -r go && [ "$go" = go ] || exit 1
    start "$id"
    ;;
  kill) [ "$id" != "$running" ] || stop ;;
  sync) settle; say "sync $id" ;;
  lock) settle; lock "$id" ;;
  beat) beats=$((beats + 1)); echo "$beats" >"$dir/beat" ;;
  esac
done
exit 0
`;
}
