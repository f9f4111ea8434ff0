import { LIMITS, quote, quoteAll, within } from 'osha';
import type { Volume } from './observe.ts';

/** Seconds that one `gluster` command may take: then it gives up by itself, and says so. */
export const COMMAND_SECONDS = LIMITS.glusterCommand + 30;

/** Seconds in which a brick has to be online, or a peer connected, after it was started. */
export const SETTLE_SECONDS = LIMITS.glusterSettles;

/**
 * `gluster` commands change the pool under a lock, and refuse while another one holds it: they are repeated then. What
 * they complain of goes to stdout.
 */
export const GLUSTER = `gluster_do() {
  end=$(($(date +%s) + ${within('glusterSettles')}))
  until out=$(gluster --mode=script --timeout=${within('glusterCommand')} "$@" 2>&1); do
    case $out in *'Another transaction'* | *'Locking failed'*) ;; *) end=0 ;; esac
    if [ "$(date +%s)" -ge "$end" ]; then printf '%s\\n' "$out" >&2; return 1; fi
    sleep 1
  done
}`;

/** `refuse SENTENCE`: what was seen when the change was decided on is not so any more. */
export const REFUSE = `refuse() {
  printf '%s\\n' "$1" >&2
  exit 1
}`;

/** Refuses where a directory holds anything, is a brick already, or one runs in it. */
export function refuseUnlessEmpty({ name, path }: Volume): string {
  return `${GLUSTER}
${REFUSE}
path=${quote(path)}
if [ -e "$path" ]; then
  entries=$(find "$path" -mindepth 1 -maxdepth 1 ! -name .glusterfs -print -quit) || refuse "$path cannot be read"
  [ -z "$entries" ] || refuse "$path is not empty by now: run again"
  case $(LC_ALL=C getfattr --absolute-names -n trusted.glusterfs.volume-id "$path" 2>&1) in
    *'No such attribute'*) ;;
    *) refuse "$path is a brick by now, or cannot be read: run again" ;;
  esac
fi
for file in /run/gluster/vols/${quote(name)}/*.pid; do
  ! { pid=$(cat "$file" 2>/dev/null) && grep -qa glusterfsd "/proc/$pid/cmdline" 2>/dev/null; } ||
    refuse 'a brick of the volume runs here by now: run again'
done`;
}

/** Refuses where one of the other copies is not online, as the pool says. */
export function refuseUnlessOnline({ name }: Volume, others: readonly string[]): string {
  return `gluster_do volume status ${quote(name)} --xml
online=$(printf '%s\\n' "$out" | tr '<' '\\n' | awk -F '>' '
  $1 == "hostname" { host = $2 } $1 == "path" { path = $2 } $1 == "status" && $2 == 1 { print host ":" path }')
for copy in ${quoteAll(others)}; do
  printf '%s\\n' "$online" | grep -qFx -- "$copy" || refuse "the copy $copy is not online by now: run again"
done`;
}

/** Where a peer is connected, and where both have also accepted each other: before, changes of volumes are refused. */
export const CONNECTED = '(Connected)';
export const JOINED = 'State: Peer in Cluster (Connected)';

export function awaitPeer(host: string, state: string): string {
  return `end=$(($(date +%s) + ${within('glusterSettles')}))
until gluster --mode=script peer status | grep -A 2 -Fx ${quote(`Hostname: ${host}`)} | grep -qF ${quote(state)}; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo ${quote(`${host} is not connected after`)}" ${within('glusterSettles')} s:" >&2
    gluster --mode=script peer status >&2
    exit 1
  fi
  sleep 0.5
done`;
}
