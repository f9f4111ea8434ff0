import { quote, stretched, within } from 'osha';
import { guards } from '../cluster/shell-functions.ts';

/** The member's server, as its scripts have to know it. */
export interface ServerPlace {
  readonly unit: string;
  /** Data directory of the server, unless its own configuration sets another. */
  readonly dataDirectory: string;
}

/**
 * Tables that count: those of users, and the accounts. Left out is what a server keeps for itself, and so changes when the data
 * is on another one: its logs, statistics, and its record of the cluster.
 */
const COUNTED = `TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
  AND TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema', 'sys')
  AND NOT (TABLE_SCHEMA = 'mysql' AND (COALESCE(ENGINE, '') = 'CSV' OR TABLE_NAME LIKE 'innodb\\_%'
    OR TABLE_NAME LIKE 'wsrep\\_%' OR TABLE_NAME IN ('gtid_slave_pos', 'transaction_registry')))`;

const NAME = "CONCAT('`', REPLACE(TABLE_SCHEMA, '`', '``'), '`.`', REPLACE(TABLE_NAME, '`', '``'), '`')";

/** Clients of other hosts, and of this one over the network. */
export const CLIENTS = `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE HOST LIKE '%:%'`;

/**
 * Shell functions, after `guards`.
 * - `find_door` sets door to the socket of the server.
 * - `sql` is a client that reads statements from stdin.
 * - `counts` prints `table NAME ROWS` for each table that counts.
 */
const SQL = `find_door() {
  pids=$(server_pids)
  door=$(open_doors "$pids" | sed -n 's/^unix \\(\\/.*\\)/\\1/p' | head -n 1)
  [ -n "$door" ] || { echo 'the server has no local socket' >&2; exit 1; }
}
sql() {
  mariadb --no-defaults --protocol=socket --socket="$door" --connect-timeout=${stretched(10)} \\
    --default-character-set=utf8mb4 -BN "$@"
}
counts() {
  {
    echo 'SET SESSION wsrep_sync_wait=0;'
    sql --raw <<'END OF SQL'
SET SESSION wsrep_sync_wait=0;
SELECT CONCAT('SELECT ''table'', ', QUOTE(CONCAT(TABLE_SCHEMA, '.', TABLE_NAME)), ', COUNT(*) FROM ', ${NAME}, ';')
  FROM information_schema.TABLES WHERE ${COUNTED} ORDER BY 1;
END OF SQL
  } | sql
}`;

/** The version of the server and the tool, without the suffix of the distribution. */
export const VERSIONS = `mariadbd --version 2>/dev/null | sed -n 's/.* Ver \\([0-9.]*\\).*/backup.version=\\1/p'
command -v mariabackup >/dev/null 2>&1 && command -v mbstream >/dev/null 2>&1 && echo backup.tool=yes`;

/**
 * Takes the member out of rotation (wsrep_desync: it slows nobody down, and its health endpoint says so), holds it still
 * (FLUSH TABLES WITH READ LOCK pauses its replication at one transaction), counts, and prints its files. Both end with the
 * script: the lock with its connection, and wsrep_desync by a process in a session of its own, which waits until the pipe that
 * all processes of the script hold is closed.
 */
export function dumpScript(place: ServerPlace): string {
  const functions = guards(place.unit, place.dataDirectory);
  return `umask 077
${functions}
${SQL}
fail() { echo "$*" >&2; exit 1; }
trap 'exit 143' HUP INT TERM
find_door
dir=$(mktemp -d /run/osha.backup.XXXXXXXX) || fail 'no room in /run'
mkfifo "$dir/alive" "$dir/sql" "$dir/copy" || fail 'no room in /run'
cat >"$dir/watch" <<'END OF WATCH'
${functions}
exec >/dev/null 2>&1
cd /
: >"$1/watching"
cat
end=$(($(date +%s) + ${within('galeraCatchesUp')}))
while [ -e "$1/away" ] && [ -n "$(server_pids)" ] && [ "$(date +%s)" -lt "$end" ]; do
  ask_server 'SET GLOBAL wsrep_desync=OFF' && [ "$(ask_server 'SELECT @@wsrep_desync')" = 0 ] && break
  sleep 1
done
rm -rf "$1"
END OF WATCH
setsid sh "$dir/watch" "$dir" <"$dir/alive" >/dev/null 2>&1 &
exec 7>"$dir/alive"
until [ -e "$dir/watching" ]; do sleep 0.05; done
echo 'taking it out of rotation' >&2
: >"$dir/away"
said=$(ask_server 'SET GLOBAL wsrep_desync=ON') || fail "$said"
end=$(($(date +%s) + ${within('galeraLeavesRotation')}))
until [ "$(ask_server "${CLIENTS}")" = 0 ] || [ "$(date +%s)" -ge "$end" ]; do sleep 0.5; done
echo 'holding it still' >&2
sql --unbuffered --skip-reconnect <"$dir/sql" >"$dir/said" 2>&1 &
keeper=$!
exec 6>"$dir/sql"
echo "SET SESSION wsrep_sync_wait=0, wait_timeout=31536000, lock_wait_timeout=${within('galeraHolds')};
FLUSH TABLES WITH READ LOCK;
SELECT 'still';" >&6
until grep -q still "$dir/said"; do
  kill -0 "$keeper" 2>/dev/null || fail "it could not be held still: $(cat "$dir/said")"
  sleep 0.1
done
echo 'counting rows' >&2
printf 'version\\t%s\\n' "$(sql -e 'SELECT VERSION()')"
sql -e "SET SESSION wsrep_sync_wait=0; SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_state_uuid', 'wsrep_last_committed')"
printf 'size\\t%s\\n' "$(du -sk -- "$data" | cut -f 1)"
compression=gzip
command -v zstd >/dev/null && compression=zstd
printf 'compression\\t%s\\n' "$compression"
counts >"$dir/counts" || fail 'the rows could not be counted'
cat "$dir/counts"
echo
echo 'copying' >&2
sha256sum <"$dir/copy" >"$dir/sum" &
summing=$!
{
  HOME=/nonexistent nice mariabackup --backup --stream=xbstream --galera-info --no-lock --datadir="$data" \\
    --target-dir="$dir/target" --tmpdir="$dir" --user=root --socket="$door" 2>"$dir/log" && : >"$dir/copied"
} | { nice "$compression" -c && : >"$dir/packed"; } | tee "$dir/copy"
wait "$summing"
[ -e "$dir/copied" ] && [ -e "$dir/packed" ] || { tail -n 8 "$dir/log" >&2; exit 1; }
echo "SELECT 'held';" >&6
exec 6>&-
wait "$keeper"
grep -q held "$dir/said" || fail 'it was not held still to the end: the lock was lost'
echo 'putting it back' >&2
said=$(ask_server 'SET GLOBAL wsrep_desync=OFF') || fail "$said"
rm "$dir/away"
echo "sha256 $(cut -d ' ' -f 1 "$dir/sum")" >&2`;
}

/** Where a restore gets its data from. */
export const RESTORE_DIRECTORY = '/run/osha.restore';

/** In the data directory: which backup it is from. It is on one member alone, because a state transfer leaves it out. */
export const MARK = 'osha-restore';

/** Sets stage: the folder next to the data directory where the data of a restore is prepared. */
const STAGE = `stage=$data.osha-restore
mark() { cat "$1/${MARK}" 2>/dev/null || :; }`;

/** Prints what a restore needs to know of a member, after `resolve`. */
export const RESTORE_FACTS = `${STAGE}
echo "backup.prepared=$(mark "$stage")"
echo "backup.placed=$(mark "$data")"
if [ "$innodb" != "$data" ] || [ "$log" != "$data" ] || [ "$state" != "$data" ]; then echo backup.layout=several; fi
! mountpoint -q "$data" || echo backup.layout=mounted
echo "backup.room=$(df -Pk -- "\${data%/*}" | sed -n '2s/ \\{1,\\}/ /gp' | cut -d ' ' -f 4)"`;

export function receiveScript(place: ServerPlace, id: string, compression: string): string {
  return `umask 077
${guards(place.unit, place.dataDirectory)}
${STAGE}
fail() { echo "$*" >&2; exit 1; }
trap 'exit 143' HUP INT TERM
trap 'rm -rf ${RESTORE_DIRECTORY}' EXIT
command -v ${compression} >/dev/null || fail '${compression} is not installed here'
rm -rf "$stage" ${RESTORE_DIRECTORY}
mkdir "$stage" ${RESTORE_DIRECTORY} && cd ${RESTORE_DIRECTORY} && mkfifo body copy end || fail 'no room'
sha256sum <copy >sum &
summing=$!
{ tee copy <body | ${compression} -dc | { mbstream -x -C "$stage" && : >extracted; }; } 2>log &
extracting=$!
exec 6>body
echo ready
read -r word <end
exec 6>&-
wait "$extracting"
wait "$summing"
[ "$word" = end ] && [ -e extracted ] && [ ! -s log ] || fail "it could not be extracted: $(tail -n 4 log)"
echo "sha256 $(cut -d ' ' -f 1 sum)"
echo 'preparing it' >&2
HOME=/nonexistent mariabackup --prepare --target-dir="$stage" >log 2>&1 || { tail -n 8 log >&2; exit 1; }
rm -f "$stage"/xtrabackup_* "$stage/backup-my.cnf" "$stage/donor_galera_info"
printf '%s\\n' ${quote(id)} >"$stage/.mark"
chown -R mysql:mysql "$stage"
chmod 755 "$stage"
sync -f "$stage"
mv "$stage/.mark" "$stage/${MARK}"`;
}

export function stopScript(place: ServerPlace): string {
  return `${guards(place.unit, place.dataDirectory)}
systemctl stop -- "$u"
at_rest`;
}

/** Functions that change directories; whoever calls them has checked that no server runs. */
const DIRECTORIES = `${STAGE}
move_aside() {
  [ -n "$(ls -A "$data" 2>/dev/null)" ] || return 0
  old=$data.before-restore-$1
  mv -T -- "$data" "$old"
  echo "aside $old"
}
keep_flags() {
  # Debian's own marks: without them, a server that starts alters its system tables as if it was upgraded.
  for i in "$data".before-restore-"$1"/debian-*.flag "$data".before-restore-"$1"/*_upgrade_info; do
    [ ! -e "$i" ] || cp -p -- "$i" "$2/"
  done
}`;

export function emptyScript(place: ServerPlace, stamp: string): string {
  return `set -e
${guards(place.unit, place.dataDirectory)}
${DIRECTORIES}
at_rest
move_aside ${quote(stamp)}
install -d -o mysql -g mysql -m 755 -- "$data"
keep_flags ${quote(stamp)} "$data"`;
}

export function placeScript(place: ServerPlace, id: string, stamp: string): string {
  return `set -e
${guards(place.unit, place.dataDirectory)}
${DIRECTORIES}
at_rest
[ "$(mark "$data")" != ${quote(id)} ] || exit 0
[ "$(mark "$stage")" = ${quote(id)} ] || { echo "$stage does not have this backup" >&2; exit 1; }
move_aside ${quote(stamp)}
keep_flags ${quote(stamp)} "$stage"
[ ! -d "$data" ] || rmdir -- "$data"
mv -T -- "$stage" "$data"`;
}

export function verifyScript(place: ServerPlace): string {
  return `${guards(place.unit, place.dataDirectory)}
${SQL}
find_door
# A server without those marks alters its system tables now.
end=$(($(date +%s) + ${within('mariadbUpgrades')}))
while pgrep -x 'mariadb-upgrade|mysql_upgrade|mariadb-check|debian-start' >/dev/null && [ "$(date +%s)" -lt "$end" ]; do sleep 1; done
counts || { echo 'the rows could not be counted' >&2; exit 1; }
sql --raw <<'END OF SQL' | sql --force 2>&1 | awk -F '\\t' '$3 == "status" && ($4 == "OK" || $4 ~ /already up to date/) { next } $3 == "note" { next } { print "damaged\\t" $1 "\\t" $3 ": " $4 }'
SET SESSION wsrep_sync_wait=0;
SELECT CONCAT('CHECK TABLE ', ${NAME}, ';') FROM information_schema.TABLES WHERE ${COUNTED} ORDER BY 1;
END OF SQL
exit 0`;
}

export function forgetScript(place: ServerPlace): string {
  return `${guards(place.unit, place.dataDirectory)}
rm -f -- "$data/${MARK}"`;
}
