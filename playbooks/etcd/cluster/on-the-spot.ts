import { LIMITS, quote, within } from 'osha';
import { CURL } from './answer.ts';
import { CLIENT_PORT, PEER_PORT } from '../layout.ts';
import type { Live } from './members.ts';

/** Seconds in which a cluster has to be calm enough for a change of its members: it wants 5 without a lost connection. */
export const CALM_SECONDS = LIMITS.etcdCalms;

/** Seconds in which the other members have to be healthy, before one is restarted. */
export const SPARE_SECONDS = LIMITS.etcdSpares;

/** `refuse SENTENCE`: what was seen when the change was decided on is not so any more. */
export const REFUSE = `refuse() {
  printf '%s\\n' "$1" >&2
  exit 1
}`;

/** `healthy URL`: the member there answers its clients, in agreement with a majority. */
export const HEALTHY = `healthy() {
  case $(${CURL} "$1/health") in *'"health":"true"'*) return 0 ;; esac
  return 1
}`;

/**
 * `members ...`: an `etcdctl member` command, repeated as long as the cluster says that too few of its members are
 * connected. Any other refusal stands. `etcdctl` would take a proxy from its environment.
 */
export function memberCommand(peers: readonly Live[]): string {
  const endpoints = peers.map(({ clientUrl }) => clientUrl).join(',');
  return `unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
members() {
  end=$(($(date +%s) + ${within('etcdCalms')}))
  until out=$(ETCDCTL_API=3 etcdctl --endpoints=${quote(endpoints)} --command-timeout=${within('etcdctl')}s member "$@" 2>&1); do
    case $out in *'unhealthy cluster'* | *'not enough started members'*) ;; *) end=0 ;; esac
    if [ "$(date +%s)" -ge "$end" ]; then printf '%s\\n' "$out" >&2; return 1; fi
    sleep 1
  done
}`;
}

/** Refuses where something of etcd runs by now: no data is moved under it, and it is not told to form another cluster. */
export function refuseWhileItRuns(unit: string): string {
  return `${REFUSE}
! systemctl is-active --quiet -- ${quote(unit)} || refuse ${quote(`${unit} runs by now: run again`)}
[ -z "$(ss -Hltn '( sport = :${CLIENT_PORT} or sport = :${PEER_PORT} )')" ] ||
  refuse ${quote(`something listens on port ${CLIENT_PORT} or ${PEER_PORT} by now: run again`)}`;
}

/** Waits until all of these are healthy, and refuses where one is not: without it, this member cannot be spared. */
export function refuseWithout(others: readonly Live[]): string {
  const spared = others.map(
    ({ clientUrl }) => `until healthy ${quote(clientUrl)}; do
  [ "$(date +%s)" -lt "$end" ] || refuse ${quote(`${clientUrl} is not healthy: this member cannot be spared`)}
  sleep 0.5
done`,
  );
  return [`end=$(($(date +%s) + ${within('etcdSpares')}))`, ...spared].join('\n');
}

/**
 * Moves data aside, and never deletes it. What is left is an empty directory of the same owner: etcd may be unable to
 * make it. A file system that is mounted there stays.
 */
export function moveAside(directory: string): string {
  return `dir=${quote(directory)}
aside=left-"$(date -u +%Y%m%dT%H%M%SZ)"
if mountpoint -q -- "$dir"; then
  if [ -e "$dir/member" ]; then mv -- "$dir/member" "$dir/$aside"; fi
elif [ -e "$dir" ]; then
  mv -- "$dir" "$dir.$aside"
  mkdir -m 700 -- "$dir"
  chown --reference="$dir.$aside" -- "$dir"
fi`;
}
