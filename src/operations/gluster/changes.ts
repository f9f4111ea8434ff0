import { clusterChange } from '../cluster-change.ts';
import type { Change, HostChange } from '../../playbook/operation.ts';
import { journalOnFailure, startScript } from '../service-script.ts';
import { quote, quoteAll } from '../shell.ts';
import { CLUSTER, IDENTITY_FILE, type Volume } from './observe.ts';
import type { Reached, Server } from './servers.ts';

export interface ChangeContext {
  readonly unit: string;
}

/** Seconds that one `gluster` command may take: it gives up by itself after 120. */
const COMMAND_SECONDS = 150;

/** Seconds in which a brick has to be online, or a peer connected, after it was started. */
const SETTLE_SECONDS = 60;

function change({ unit }: ChangeContext, summary: string, script: string, seconds: number): Change {
  return clusterChange({ cluster: CLUSTER, unit, summary, script, seconds });
}

/**
 * `gluster` commands change the pool under a lock, and refuse while another one holds it: they are repeated then. What
 * they complain of goes to stdout.
 */
const GLUSTER = `gluster_do() {
  end=$(($(date +%s) + ${SETTLE_SECONDS}))
  until out=$(gluster --mode=script "$@" 2>&1); do
    case $out in *'Another transaction'* | *'Locking failed'*) ;; *) end=0 ;; esac
    if [ "$(date +%s)" -ge "$end" ]; then printf '%s\\n' "$out" >&2; return 1; fi
    sleep 1
  done
}`;

/** Where a peer is connected, and where both have also accepted each other: before, changes of volumes are refused. */
const CONNECTED = '(Connected)';
const JOINED = 'State: Peer in Cluster (Connected)';

function awaitPeer(host: string, state: string): string {
  return `end=$(($(date +%s) + ${SETTLE_SECONDS}))
until gluster --mode=script peer status | grep -A 2 -Fx ${quote(`Hostname: ${host}`)} | grep -qF ${quote(state)}; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo ${quote(`${host} is not connected after ${SETTLE_SECONDS} s:`)} >&2
    gluster --mode=script peer status >&2
    exit 1
  fi
  sleep 0.5
done`;
}

/** Takes a server into the pool of another one. */
export function probe(context: ChangeContext, on: Reached, server: Server): HostChange {
  const script = `${GLUSTER}
gluster_do peer probe ${quote(server.name)}
${awaitPeer(server.name, JOINED)}`;
  return {
    host: on.name,
    change: change(context, `take ${server.name} into the pool`, script, COMMAND_SECONDS + SETTLE_SECONDS),
  };
}

/**
 * Gives a server that was rebuilt the identity that its pool knows it by, and lets it learn the volumes from `from`. As
 * Gluster's own guide has it for a host that was replaced by one of the same name.
 */
export function adopt(context: ChangeContext, server: Reached, uuid: string, from: Reached): HostChange {
  const unit = quote(context.unit);
  const script = `${GLUSTER}
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
${awaitPeer(from.name, CONNECTED)}
${introduceAnew(context, from)}`;
  return {
    host: server.name,
    change: change(
      context,
      `take its old place in the pool of ${from.name} (it was rebuilt)`,
      script,
      COMMAND_SECONDS + 4 * SETTLE_SECONDS,
    ),
  };
}

/** Two that know each other come to an agreement only when one of them starts anew. */
function introduceAnew(context: ChangeContext, to: Reached): string {
  return `(
${startScript(context.unit, 'restart', [])}
)
${awaitPeer(to.name, JOINED)}`;
}

/** Restarts the management daemon of a server whose introduction was broken off; its bricks go on. */
export function reintroduce(context: ChangeContext, server: Reached, to: Reached): HostChange {
  return {
    host: server.name,
    change: change(
      context,
      `restart glusterd (it and ${to.name} have not agreed)`,
      introduceAnew(context, to),
      2 * SETTLE_SECONDS,
    ),
  };
}

/** The directory of a server's brick. Its owner and mode are those of the volume, and so left to Gluster. */
export function makeBrick(context: ChangeContext, host: string, volume: Volume): HostChange {
  const script = `mkdir -p -- ${quote(volume.path)}`;
  return { host, change: change(context, `create the brick's directory ${volume.path}`, script, 30) };
}

/** `force`, because a brick may be on the root file system, which Gluster advises against. */
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
    change: change(context, `create the volume ${volume.name}${copies}`, script, COMMAND_SECONDS),
  };
}

/** Gives one more server a copy; the volume heals onto it while it is used. */
export function addBrick(
  context: ChangeContext,
  on: string,
  volume: Volume,
  server: Server,
  replica: number,
): HostChange {
  const brick = quote(`${server.name}:${volume.path}`);
  const script = `${GLUSTER}
gluster_do volume add-brick ${quote(volume.name)} replica ${replica} ${brick} force`;
  return {
    host: on,
    change: change(context, `give ${server.name} a copy of ${volume.name}`, script, COMMAND_SECONDS),
  };
}

/**
 * An empty directory for a brick that was lost. The management daemon has noted where its bricks really are, and takes
 * a directory that was made later for another brick: it is started anew.
 */
export function renewBrick(
  context: ChangeContext,
  server: Reached,
  volume: Volume,
  others: readonly Reached[],
): HostChange {
  const script = `mkdir -p -- ${quote(volume.path)}
(
${startScript(context.unit, 'restart', [])}
)
${others.map(({ name }) => awaitPeer(name, JOINED)).join('\n')}`;
  return {
    host: server.name,
    change: change(
      context,
      `prepare ${volume.path} for a new brick of ${volume.name}`,
      script,
      (others.length + 1) * SETTLE_SECONDS,
    ),
  };
}

/** Takes an empty brick for the one that was lost; the other copies heal onto it. */
export function resetBrick(context: ChangeContext, on: string, volume: Volume, server: Server): HostChange {
  const name = quote(volume.name);
  const brick = quote(`${server.name}:${volume.path}`);
  // An earlier run may have been broken off between the two.
  const script = `${GLUSTER}
gluster_do volume reset-brick ${name} ${brick} start || :
gluster_do volume reset-brick ${name} ${brick} ${brick} commit force`;
  const summary = `let ${volume.name} heal onto the empty brick of ${server.name}`;
  return { host: on, change: change(context, summary, script, 2 * COMMAND_SECONDS) };
}

/** Starts a volume, or those bricks of a started one that do not run. */
export function start(context: ChangeContext, on: string, volume: Volume, force: boolean): HostChange {
  const script = `${GLUSTER}
gluster_do volume start ${quote(volume.name)}${force ? ' force' : ''}`;
  const summary = force
    ? `start the bricks of ${volume.name} that do not run`
    : `start the volume ${volume.name}`;
  return { host: on, change: change(context, summary, script, COMMAND_SECONDS) };
}

/** Waits until a server's brick runs. */
export function awaitBrick(context: ChangeContext, host: string, volume: Volume): HostChange {
  const script = `end=$(($(date +%s) + ${SETTLE_SECONDS}))
until pid=$(cat /run/gluster/vols/${quote(volume.name)}/*.pid 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo 'its brick does not run' >&2
    tail -n 20 /var/log/glusterfs/bricks/${quote(volume.path.slice(1).replaceAll('/', '-'))}.log >&2 || :
${journalOnFailure(context.unit)}  fi
  sleep 0.3
done`;
  const summary = `wait until its brick of ${volume.name} is online`;
  return { host, change: change(context, summary, script, SETTLE_SECONDS) };
}

/** Sets options of a volume; its clients take them without being mounted anew. */
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
    change: change(context, summary, [GLUSTER, ...commands].join('\n'), options.length * COMMAND_SECONDS),
  };
}
