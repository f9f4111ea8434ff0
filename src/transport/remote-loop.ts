/** Printed by the boot command before it reads anything: login shell and sudo are done. */
export const HELLO = 'osha-hello';

/** Set regardless of login, sudo and profiles. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A command that prints `HELLO`, then reads a program of `sizeBytes` from stdin and runs it, so that nothing of it is in
 * argv or in sudo's log. Uses `dd`, because `head -c` of BusyBox and of uutils reads ahead.
 *
 * The program starts with a clean environment: of login, PAM, sshd (AcceptEnv, ~/.ssh/environment) and sudo (env_keep), only
 * the home directory is kept. A user's proxy or locale must not change what a host answers.
 */
export function bootCommand(sizeBytes: number): string {
  const program = `echo ${HELLO}; eval "$(dd bs=${sizeBytes} count=1 iflag=fullblock 2>/dev/null)"`;
  return `sh -c 'exec env -i HOME="$HOME" PATH=${PATH} LANG=C LC_ALL=C sh -c "$1" osha' osha '${program}'`;
}

export interface LoopSettings {
  /** Prefix of the loop's own messages. Unguessable, so that scripts cannot forge them; letters and digits only. */
  readonly mark: string;
  /** The loop ends itself after this many seconds (up to twice as many) without a heartbeat. 0: never. */
  readonly quietSeconds: number;
}

/**
 * The program that runs on a host during a session: POSIX sh that reads requests on stdin.
 *
 * - `run ID SCRIPT_BYTES INPUT_BYTES`, that many bytes of each, `go`: runs the script in a session of its own. Its output
 *   is between `MARK begin ID` and `MARK end ID EXITCODE`, on stdout and on stderr. Without the `go`, a connection that ends
 *   in the middle of the bytes would run half a script.
 * - `kill ID`: ends all processes of that session, with SIGTERM and then SIGKILL, including those in process groups of their
 *   own, such as the one that timeout(1) makes.
 * - `sync ID`: answers `MARK sync ID` once no earlier script can write to the output any more.
 * - `lock OWNER_BYTES`, that many bytes: takes the host's lock for the lifetime of this loop. Answers `MARK lock ok`,
 *   `MARK lock held OWNER` or `MARK lock failed WHY`.
 * - `join OWNER_BYTES`, that many bytes: shares the lock with the loop that took it for the same owner. Same answers.
 * - `beat`: a heartbeat.
 *
 * Each script writes to pipes of its own. A daemon that it started still holds them when the next script runs, so the relays
 * that read the pipes are ended first: late output never gets into another script's answer. `tee -p` keeps reading after
 * the channel is gone, so that a script ends by SIGTERM, on which it cleans up, and not by SIGPIPE.
 *
 * When stdin ends, the loop ends the running script and leaves nothing behind. It detects a dead connection by missing
 * heartbeats: sshd alone would keep the loop, and so the lock, for hours.
 *
 * The lock is taken exclusively, then shared by all loops of its owner, so it is free when the last of them has ended. It is
 * held by the loop, its watchdog and the parent of its script: if the loop is killed, the lock is free only when its script
 * is gone, so two runs never change a host at the same time. If an earlier loop of the same owner (from a lost connection)
 * still holds the lock, that loop is made to end.
 *
 * Descriptor 4 is the channel's stderr, 8 the private folder (locked, so that the next loop can tell which folders are left
 * over from dead ones), 9 the lock; scripts and relays get none of them. `env --default-signal` restores SIGINT and SIGQUIT,
 * which a shell ignores in background processes.
 */
export function remoteLoop({ mark, quietSeconds }: LoopSettings): string {
  return `exec 4>&2 2>/dev/null
umask 077
[ ! -O /root ] || HOME=/root
cd / && unset OLDPWD
dir= running= relays= waiter= watch= nap= locked= beats=0
lockfile=/run/osha.lock
[ -w /run ] || lockfile=/tmp/osha.lock
say() { printf '\\036%s %s\\n' ${mark} "$*"; }
refuse() { say "refused $*"; exit 1; }
for tool in setsid flock mkfifo mktemp dd cat rm ls sleep; do
  command -v "$tool" >/dev/null || refuse "the program $tool is missing"
done
[ -r /proc/uptime ] || refuse '/proc is not mounted'
for place in /run /dev/shm /tmp; do
  for old in "$place"/osha.loop.*; do
    maker=\${old##*/osha.loop.}
    # The lock decides; a program is only started where the maker seems to be gone, or twenty logins would start 400.
    [ -d "/proc/\${maker%%.*}" ] || [ ! -d "$old" ] || [ -L "$old" ] || flock -n "$old" rm -rf -- "$old"
  done
  dir=$(mktemp -d "$place/osha.loop.$$.XXXXXXXX") || continue
  if command exec 8<"$dir" && flock -n 8 && dd if=/dev/zero of="$dir/room" bs=65536 count=1; then
    rm -f "$dir/room"
    break
  fi
  rm -rf "$dir"
  dir=
done
[ "$dir" ] || refuse 'no folder with room in it can be made in /run, /dev/shm or /tmp'
defaults=
env --default-signal=INT,QUIT true && defaults='env --default-signal=INT,QUIT'
pass=cat
tee -p /dev/null </dev/null && pass='tee -p /dev/null'

look() {
  state= parent= session=
  read -r stat <"/proc/$1/stat" || return 1
  set -- \${stat##*) }
  state=$1 parent=$2 session=$4
}
lives() { look "$1" && [ "$state" != Z ]; }
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
doze() {
  sleep "$1" 8>&- 9>&- &
  nap=$!
  wait "$nap"
}
stop() {
  [ "$running" ] || return 0
  pid= tries=0
  until read -r pid <"$dir/pid" && [ "$pid" ] || [ "$tries" -ge 600 ]; do
    [ -z "$waiter" ] || lives "$waiter" || break
    tries=$((tries + 1)); sleep 0.05
  done
  case $pid in '' | done) return 0 ;; esac
  kill -s TERM "$pid"
  signal_session TERM "$pid"
  clock
  asked=$now
  while lives "$pid" || signal_session 0 "$pid"; do
    clock
    [ "$((now - asked))" -lt 200 ] || { kill -s KILL "$pid"; signal_session KILL "$pid"; }
    [ "$((now - asked))" -lt 3000 ] || return 0
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
  running= relays= waiter=
}
unguard() {
  [ "$watch" ] || return 0
  kill -s TERM "$watch"
  wait "$watch"
  watch=
}
leave() {
  trap '' HUP INT TERM
  stop
  end_relays
  unguard
  rm -rf "$dir"
}
trap leave EXIT
trap 'exit 143' HUP INT TERM
trap : PIPE

receive() {
  true >"$2" || return 1
  [ "$1" -lt 65536 ] || dd bs=65536 count=$(($1 / 65536)) iflag=fullblock >>"$2" 8>&- 9>&- || return 1
  [ "$(($1 % 65536))" -eq 0 ] || dd bs=$(($1 % 65536)) count=1 iflag=fullblock >>"$2" 8>&- 9>&-
}
start() {
  true >"$dir/pid"
  mkfifo "$dir/out" "$dir/err" || refuse 'no pipe can be made'
  $pass <"$dir/out" 4>&- 8>&- 9>&- &
  relays=$!
  $pass <"$dir/err" >&4 4>&- 8>&- 9>&- &
  relays="$relays $!"
  (
    exec 3<"$dir/input" >"$dir/out" 2>"$dir/err" 4>&-
    say "begin $1"; say "begin $1" >&2
    umask 022
    setsid $defaults sh "$dir/script" <&3 3<&- 8>&- 9>&- &
    echo $! >"$dir/pid"
    exec 3<&-
    rm -f "$dir/out" "$dir/err" "$dir/input"
    { wait $!; } 2>/dev/null
    code=$?
    exec 8>&- 9>&-
    echo done >"$dir/pid"
    say "end $1 $code"; say "end $1 $code" >&2
  ) </dev/null &
  waiter=$!
  running=$1
}
end_earlier() {
  while read -r pid; do
    case $pid in '' | *[!0-9]* | "$$") continue ;; esac
    [ "/proc/$pid/fd/9" -ef "$lockfile" ] && kill -s TERM "$pid"
  done <"$lockfile"
}
release() { exec 9>&-; say "lock $*"; }
lock() {
  receive "$2" "$dir/owner" && read -r owner <"$dir/owner" || refuse "$dir is full"
  [ -z "$locked" ] || { say 'lock ok'; return; }
  command exec 9>>"$lockfile" || { say "lock failed $lockfile cannot be written"; return; }
  how=-s
  [ "$1" = join ] || how=-x
  flock -n "$how" 9 && got=1 || got=
  if [ "$got" ] && [ "$1" = lock ]; then
    printf '%s\\n%s\\n' "$owner" "$$" >"$lockfile" || { release "failed there is no room for $lockfile"; return; }
    flock -n -s 9 || got=
  fi
  holder=
  read -r holder <"$lockfile"
  if [ -z "$got" ] || [ "$holder" != "$owner" ]; then
    release "held $holder"
    [ "$holder" != "$owner" ] || [ "$1" = join ] || end_earlier
    return
  fi
  [ "$1" = lock ] || echo "$$" >>"$lockfile"
  locked=1
  guard
  say 'lock ok'
}
orphaned() { look self; [ "$parent" != "$$" ]; }
end_uploads() {
  for entry in /proc/[0-9]*; do
    look "\${entry#/proc/}" && [ "$parent" = "$$" ] && [ "$session" ] || continue
    read -r name <"$entry/comm" && [ "$name" = dd ] && kill -s KILL "\${entry#/proc/}"
  done
}
guard() {
  unguard
  [ ${quietSeconds} -gt 0 ] || return 0
  (
    trap 'kill "$nap"; exit' TERM
    before= tries=0
    until doze ${quietSeconds}; orphaned; do
      now=$(cat "$dir/beat"; ls -ln "$dir")
      [ "$now" != "$before" ] || break
      before=$now
    done
    orphaned || { kill -s TERM "$$"; doze 1; }
    orphaned || end_uploads
    until orphaned; do
      [ "$tries" -lt 60 ] || kill -s KILL "$$"
      tries=$((tries + 1))
      doze 1
    done
    running=$(ls "$dir/pid")
    stop
    rm -rf "$dir"
  ) </dev/null >/dev/null 4>&- &
  watch=$!
}

guard
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
  lock | join) settle; lock "$verb" "$id" ;;
  beat) beats=$((beats + 1)); echo "$beats" >"$dir/beat" ;;
  esac
done
exit 0
`;
}

/** Begins each message of the loop: the ASCII record separator, which does not occur in text. */
const SEPARATOR = 0x1e;
const NEWLINE = 0x0a;
/** Bytes of a mark and its message: more than the loop ever sends. Anything longer is passed on as output. */
const LONGEST_MESSAGE = 8 * 1024;

/** Receives the parts of a stream in order. */
interface MarkListener {
  /** Output of a script. */
  bytes(bytes: Buffer): void;
  /** A message of the loop, without its mark. */
  message(line: string): void;
}

/**
 * Splits a stream of a remote loop into the output of scripts and the messages of the loop. Passes each byte on as soon as it
 * cannot belong to a mark, and inspects each a bounded number of times.
 */
export class MarkedStream {
  readonly #needle: Buffer;
  readonly #listener: MarkListener;
  #held: Buffer = Buffer.alloc(0);

  constructor(mark: string, listener: MarkListener) {
    this.#needle = Buffer.concat([Buffer.from([SEPARATOR]), Buffer.from(`${mark} `)]);
    this.#listener = listener;
  }

  feed(chunk: Buffer): void {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    let from = 0;
    for (;;) {
      const at = bytes.indexOf(this.#needle, from);
      if (at < 0) {
        const cut = this.#startOfPartialMark(bytes, from);
        this.#pass(bytes, from, cut);
        this.#held = bytes.subarray(cut);
        return;
      }
      this.#pass(bytes, from, at);
      const lineEnd = bytes.indexOf(NEWLINE, at);
      if (lineEnd < 0 ? bytes.length - at > LONGEST_MESSAGE : lineEnd - at > LONGEST_MESSAGE) {
        from = at + this.#needle.length;
        this.#pass(bytes, at, from);
        continue;
      }
      if (lineEnd < 0) {
        this.#held = bytes.subarray(at);
        return;
      }
      this.#listener.message(bytes.toString('utf8', at + this.#needle.length, lineEnd));
      from = lineEnd + 1;
    }
  }

  #pass(bytes: Buffer, from: number, to: number): void {
    if (to > from) this.#listener.bytes(bytes.subarray(from, to));
  }

  /** The offset of an incomplete mark at the end of `bytes`; their length if there is none. */
  #startOfPartialMark(bytes: Buffer, from: number): number {
    const at = bytes.lastIndexOf(SEPARATOR);
    const length = bytes.length - at;
    const isPartial =
      at >= from &&
      length < this.#needle.length &&
      bytes.subarray(at).equals(this.#needle.subarray(0, length));
    return isPartial ? at : bytes.length;
  }
}
