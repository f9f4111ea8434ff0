import {
  type Change,
  clusterChange,
  type Effect,
  type HostChange,
  journalOnFailure,
  quote,
  quoteAll,
  startScript,
  within,
  LIMITS,
} from 'osha';
import { CLUSTER, IDENTITY_FILE, type Volume } from './observe.ts';
import type { Reached, Server } from './servers.ts';

export interface ChangeContext {
  readonly unit: string;
}

function change(
  { unit }: ChangeContext,
  summary: string,
  effects: readonly Effect[],
  script: string,
  seconds: number,
): Change {
  return clusterChange({ cluster: CLUSTER, unit, summary, effects, script, seconds });
}

/** The other bricks of a volume, each `host:/path`, and the replica count including the new brick. */
export interface Copies {
  readonly others: readonly string[];
  readonly replica: number;
}

/** Adds a server without peers and volumes to the pool of `on`. `first`: no earlier stage changes the pool. */
export function addServer(context: ChangeContext, on: Reached, server: Server, first: boolean): HostChange {
  const { peers, volumes } = on.observed;
  const forms = first && peers.length === 0 && volumes.length === 0;
  const script = `${GLUSTER}
gluster_do peer probe ${quote(server.name)}
${awaitPeerScript(server.name, JOINED)}`;
  return {
    host: on.name,
    change: change(
      context,
      `add ${server.name} to the pool`,
      forms ? ['forms'] : [],
      script,
      COMMAND_SECONDS + SETTLE_SECONDS,
    ),
  };
}

/**
 * Restores the UUID by which the pool knows a rebuilt server, and syncs the volumes from `from`. This is the procedure of
 * Gluster's documentation for replacing a host with one of the same name.
 */
export function restoreServer(
  context: ChangeContext,
  server: Reached,
  uuid: string,
  from: Reached,
): HostChange {
  const unit = quote(context.unit);
  const script = `${GLUSTER}
${REFUSE}
[ -z "$(ls /var/lib/glusterd/peers /var/lib/glusterd/vols 2>/dev/null | grep -v :)" ] ||
  refuse 'this server now has peers or volumes: deploy again'
systemctl stop -- ${unit}
{
  printf 'UUID=%s\\n' ${quote(uuid)}
  if [ -e ${IDENTITY_FILE} ]; then grep '^operating-version=' ${IDENTITY_FILE} || :; fi
} >${IDENTITY_FILE}.osha
mv -f -- ${IDENTITY_FILE}.osha ${IDENTITY_FILE}
(
${startScript(context.unit, 'start', [])}
)
gluster_do peer probe ${quote(from.name)}
${awaitPeerScript(from.name, CONNECTED)}
${restartDaemonScript(context, from)}`;
  return {
    host: server.name,
    change: change(
      context,
      `restore its identity in the pool of ${from.name} (it was rebuilt)`,
      ['restarts', 'joins'],
      script,
      COMMAND_SECONDS + 4 * SETTLE_SECONDS,
    ),
  };
}

/** Two servers that already list each other complete the handshake only after a restart of one of them. */
function restartDaemonScript(context: ChangeContext, to: Reached): string {
  return `(
${startScript(context.unit, 'restart', [])}
)
${awaitPeerScript(to.name, JOINED)}`;
}

/** Restarts glusterd on a server whose peer handshake was interrupted; its bricks keep running. */
export function restartDaemon(context: ChangeContext, server: Reached, to: Reached): HostChange {
  return {
    host: server.name,
    change: change(
      context,
      `restart glusterd (its handshake with ${to.name} is incomplete)`,
      ['restarts'],
      restartDaemonScript(context, to),
      2 * SETTLE_SECONDS,
    ),
  };
}

/** Creates the directory of a brick. Gluster sets its owner and mode from the volume. */
export function makeBrick(context: ChangeContext, host: string, volume: Volume): HostChange {
  const script = `mkdir -p -- ${quote(volume.path)}`;
  return { host, change: change(context, `create the brick's directory ${volume.path}`, [], script, 30) };
}

/** Creates the volume. `force` allows bricks on the root file system, which Gluster advises against. */
export function create(
  context: ChangeContext,
  on: string,
  volume: Volume,
  servers: readonly Server[],
): HostChange {
  const bricks = servers.map(({ name }) => `${name}:${volume.path}`);
  const replica = servers.length > 1 ? `replica ${servers.length} ` : '';
  const script = `${GLUSTER}
gluster_do volume create ${quote(volume.name)} ${replica}${quoteAll(bricks)} force`;
  const copies = servers.length > 1 ? `, a copy on each of ${servers.length} servers` : '';
  return {
    host: on,
    change: change(context, `create the volume ${volume.name}${copies}`, ['forms'], script, COMMAND_SECONDS),
  };
}

/**
 * Adds a copy on one more server; the volume stays in use while it heals. Runs on that server, to check first that its
 * directory is empty.
 */
export function addBrick(
  context: ChangeContext,
  volume: Volume,
  server: Reached,
  copies: Copies,
): HostChange {
  const brick = quote(`${server.name}:${volume.path}`);
  const script = `${emptyCheckScript(volume)}
${onlineCheckScript(volume, copies.others)}
gluster_do volume add-brick ${quote(volume.name)} replica ${copies.replica} ${brick} force`;
  return {
    host: server.name,
    change: change(
      context,
      `add a copy of ${volume.name} on ${server.name}`,
      ['joins'],
      script,
      COMMAND_SECONDS,
    ),
  };
}

/**
 * Creates an empty directory for a lost brick. glusterd caches the real paths of its bricks and would reject the new
 * directory as another brick, so it is restarted.
 */
export function renewBrick(
  context: ChangeContext,
  server: Reached,
  volume: Volume,
  others: readonly Reached[],
): HostChange {
  const script = `${emptyCheckScript(volume)}
${others.map(({ name }) => awaitPeerScript(name, JOINED)).join('\n')}
mkdir -p -- ${quote(volume.path)}
(
${startScript(context.unit, 'restart', [])}
)
${others.map(({ name }) => awaitPeerScript(name, JOINED)).join('\n')}`;
  return {
    host: server.name,
    change: change(
      context,
      `prepare ${volume.path} for a new brick of ${volume.name}`,
      ['restarts'],
      script,
      (2 * others.length + 1) * SETTLE_SECONDS,
    ),
  };
}

/**
 * Replaces a lost brick with an empty one, onto which the other copies heal. They must be online, to record what it lacks.
 * Runs on the server of the brick, to check first that its directory is empty.
 */
export function resetBrick(
  context: ChangeContext,
  volume: Volume,
  server: Reached,
  copies: Copies,
): HostChange {
  const name = quote(volume.name);
  const brick = quote(`${server.name}:${volume.path}`);
  // The first command fails if an earlier run was interrupted between the two.
  const script = `${emptyCheckScript(volume)}
${onlineCheckScript(volume, copies.others)}
gluster_do volume reset-brick ${name} ${brick} start || :
gluster_do volume reset-brick ${name} ${brick} ${brick} commit force`;
  const summary = `heal ${volume.name} onto the empty brick of ${server.name}`;
  return { host: server.name, change: change(context, summary, ['joins'], script, 3 * COMMAND_SECONDS) };
}

/** Starts a volume; with `force`, the stopped bricks of a started one. */
export function start(context: ChangeContext, on: string, volume: Volume, force: boolean): HostChange {
  const script = `${GLUSTER}
gluster_do volume start ${quote(volume.name)}${force ? ' force' : ''}`;
  const summary = force ? `start the stopped bricks of ${volume.name}` : `start the volume ${volume.name}`;
  return { host: on, change: change(context, summary, ['starts'], script, COMMAND_SECONDS) };
}

/** Waits until the brick of a server runs. */
export function awaitBrick(context: ChangeContext, host: string, volume: Volume): HostChange {
  const script = `end=$(($(date +%s) + ${within('glusterSettles')}))
until pid=$(cat /run/gluster/vols/${quote(volume.name)}/*.pid 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo 'the brick is not running' >&2
    tail -n 20 /var/log/glusterfs/bricks/${quote(volume.path.slice(1).replaceAll('/', '-'))}.log >&2 || :
${journalOnFailure(context.unit)}  fi
  sleep 0.3
done`;
  const summary = `wait until its brick of ${volume.name} is online`;
  return { host, change: change(context, summary, [], script, SETTLE_SECONDS) };
}

/** Sets options of a volume; mounted clients apply them immediately. */
export function setOptions(
  context: ChangeContext,
  on: string,
  volume: Volume,
  options: readonly (readonly [string, string])[],
): HostChange {
  const commands = options.map(
    ([key, value]) => `gluster_do volume set ${quote(volume.name)} ${quote(key)} ${quote(value)}`,
  );
  const summary = `set ${options.map(([key, value]) => `${key} to ${value}`).join(', ')} for ${volume.name}`;
  return {
    host: on,
    change: change(context, summary, [], [GLUSTER, ...commands].join('\n'), options.length * COMMAND_SECONDS),
  };
}

/** Maximum seconds of one `gluster` command, with a margin over its own timeout. */
const COMMAND_SECONDS = LIMITS.glusterCommand + 30;

/** Maximum seconds until a started brick is online, or a peer connected. */
const SETTLE_SECONDS = LIMITS.glusterSettles;

/**
 * `gluster_do`: runs a `gluster` command, and retries while another command holds the lock of the pool. The CLI prints its
 * errors on stdout.
 */
const GLUSTER = `gluster_do() {
  end=$(($(date +%s) + ${within('glusterSettles')}))
  until out=$(gluster --mode=script --timeout=${within('glusterCommand')} "$@" 2>&1); do
    case $out in *'Another transaction'* | *'Locking failed'*) ;; *) end=0 ;; esac
    if [ "$(date +%s)" -ge "$end" ]; then printf '%s\\n' "$out" >&2; return 1; fi
    sleep 1
  done
}`;

/** `refuse SENTENCE`: fails because the state has changed since the decision. */
const REFUSE = `refuse() {
  printf '%s\\n' "$1" >&2
  exit 1
}`;

/** Fails when the directory of a brick is not empty, is a brick already, or a brick of the volume runs. */
function emptyCheckScript({ name, path }: Volume): string {
  return `${GLUSTER}
${REFUSE}
path=${quote(path)}
if [ -e "$path" ]; then
  entries=$(find "$path" -mindepth 1 -maxdepth 1 ! -name .glusterfs -print -quit) || refuse "$path cannot be read"
  [ -z "$entries" ] || refuse "$path is no longer empty: deploy again"
  case $(LC_ALL=C getfattr --absolute-names -n trusted.glusterfs.volume-id "$path" 2>&1) in
    *'No such attribute'*) ;;
    *) refuse "$path is now a brick, or cannot be read: deploy again" ;;
  esac
fi
for file in /run/gluster/vols/${quote(name)}/*.pid; do
  ! { pid=$(cat "$file" 2>/dev/null) && grep -qa glusterfsd "/proc/$pid/cmdline" 2>/dev/null; } ||
    refuse 'a brick of the volume now runs here: deploy again'
done`;
}

/** Fails when the pool reports one of the other copies as offline. */
function onlineCheckScript({ name }: Volume, others: readonly string[]): string {
  return `gluster_do volume status ${quote(name)} --xml
online=$(printf '%s\\n' "$out" | tr '<' '\\n' | awk -F '>' '
  $1 == "hostname" { host = $2 } $1 == "path" { path = $2 } $1 == "status" && $2 == 1 { print host ":" path }')
for copy in ${quoteAll(others)}; do
  printf '%s\\n' "$online" | grep -qFx -- "$copy" || refuse "the copy $copy is no longer online: deploy again"
done`;
}

/** Peer states: connected, and handshake complete. Gluster rejects changes of volumes before the latter. */
const CONNECTED = '(Connected)';
const JOINED = 'State: Peer in Cluster (Connected)';

function awaitPeerScript(host: string, state: string): string {
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
