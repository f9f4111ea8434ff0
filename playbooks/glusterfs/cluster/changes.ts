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
} from 'osha';
import { CLUSTER, IDENTITY_FILE, type Volume } from './observe.ts';
import {
  awaitPeer,
  COMMAND_SECONDS,
  CONNECTED,
  GLUSTER,
  JOINED,
  REFUSE,
  refuseUnlessEmpty,
  refuseUnlessOnline,
  SETTLE_SECONDS,
} from './on-the-spot.ts';
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

/** The other bricks of a volume, each `host:/path`, and how many there are with the new one. */
export interface Copies {
  readonly others: readonly string[];
  readonly replica: number;
}

/** Takes a server without peers and volumes into the pool of another one; `first`: there was none before. */
export function probe(context: ChangeContext, on: Reached, server: Server, first: boolean): HostChange {
  const { peers, volumes } = on.observed;
  const forms = first && peers.length === 0 && volumes.length === 0;
  const script = `${GLUSTER}
gluster_do peer probe ${quote(server.name)}
${awaitPeer(server.name, JOINED)}`;
  return {
    host: on.name,
    change: change(
      context,
      `take ${server.name} into the pool`,
      forms ? ['forms'] : [],
      script,
      COMMAND_SECONDS + SETTLE_SECONDS,
    ),
  };
}

/**
 * Gives a server that was rebuilt the identity that its pool knows it by, and lets it learn the volumes from `from`. As
 * Gluster's own guide has it for a host that was replaced by one of the same name.
 */
export function adopt(context: ChangeContext, server: Reached, uuid: string, from: Reached): HostChange {
  const unit = quote(context.unit);
  const script = `${GLUSTER}
${REFUSE}
[ -z "$(ls /var/lib/glusterd/peers /var/lib/glusterd/vols 2>/dev/null | grep -v :)" ] ||
  refuse 'this server has peers or volumes by now: run again'
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
      ['restarts', 'joins'],
      script,
      COMMAND_SECONDS + 4 * SETTLE_SECONDS,
    ),
  };
}

/** Two that know each other come to an agreement only when one of them starts again. */
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
      ['restarts'],
      introduceAnew(context, to),
      2 * SETTLE_SECONDS,
    ),
  };
}

/** The directory of a server's brick. Its owner and mode are those of the volume, and so left to Gluster. */
export function makeBrick(context: ChangeContext, host: string, volume: Volume): HostChange {
  const script = `mkdir -p -- ${quote(volume.path)}`;
  return { host, change: change(context, `create the brick's directory ${volume.path}`, [], script, 30) };
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
    change: change(context, `create the volume ${volume.name}${copies}`, ['forms'], script, COMMAND_SECONDS),
  };
}

/**
 * Gives one more server a copy; the volume heals onto it while it is used. Run on that server, which checks that its
 * directory is empty.
 */
export function addBrick(
  context: ChangeContext,
  volume: Volume,
  server: Reached,
  copies: Copies,
): HostChange {
  const brick = quote(`${server.name}:${volume.path}`);
  const script = `${refuseUnlessEmpty(volume)}
${refuseUnlessOnline(volume, copies.others)}
gluster_do volume add-brick ${quote(volume.name)} replica ${copies.replica} ${brick} force`;
  return {
    host: server.name,
    change: change(
      context,
      `give ${server.name} a copy of ${volume.name}`,
      ['joins'],
      script,
      COMMAND_SECONDS,
    ),
  };
}

/**
 * An empty directory for a brick that was lost. The management daemon has noted where its bricks really are, and takes
 * a directory that was made later for another brick: it is restarted.
 */
export function renewBrick(
  context: ChangeContext,
  server: Reached,
  volume: Volume,
  others: readonly Reached[],
): HostChange {
  const script = `${refuseUnlessEmpty(volume)}
${others.map(({ name }) => awaitPeer(name, JOINED)).join('\n')}
mkdir -p -- ${quote(volume.path)}
(
${startScript(context.unit, 'restart', [])}
)
${others.map(({ name }) => awaitPeer(name, JOINED)).join('\n')}`;
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
 * Takes an empty brick for the one that was lost; the other copies heal onto it. They have to be online, because they
 * note then what it lacks. Run on its server, which checks that the directory is empty.
 */
export function resetBrick(
  context: ChangeContext,
  volume: Volume,
  server: Reached,
  copies: Copies,
): HostChange {
  const name = quote(volume.name);
  const brick = quote(`${server.name}:${volume.path}`);
  // An earlier run may have broken off between the two.
  const script = `${refuseUnlessEmpty(volume)}
${refuseUnlessOnline(volume, copies.others)}
gluster_do volume reset-brick ${name} ${brick} start || :
gluster_do volume reset-brick ${name} ${brick} ${brick} commit force`;
  const summary = `let ${volume.name} heal onto the empty brick of ${server.name}`;
  return { host: server.name, change: change(context, summary, ['joins'], script, 3 * COMMAND_SECONDS) };
}

/** Starts a volume, or those bricks of a started one that do not run. */
export function start(context: ChangeContext, on: string, volume: Volume, force: boolean): HostChange {
  const script = `${GLUSTER}
gluster_do volume start ${quote(volume.name)}${force ? ' force' : ''}`;
  const summary = force
    ? `start the bricks of ${volume.name} that do not run`
    : `start the volume ${volume.name}`;
  return { host: on, change: change(context, summary, ['starts'], script, COMMAND_SECONDS) };
}

/** Waits until a server's brick runs. */
export function awaitBrick(context: ChangeContext, host: string, volume: Volume): HostChange {
  const script = `end=$(($(date +%s) + ${within('glusterSettles')}))
until pid=$(cat /run/gluster/vols/${quote(volume.name)}/*.pid 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo 'its brick does not run' >&2
    tail -n 20 /var/log/glusterfs/bricks/${quote(volume.path.slice(1).replaceAll('/', '-'))}.log >&2 || :
${journalOnFailure(context.unit)}  fi
  sleep 0.3
done`;
  const summary = `wait until its brick of ${volume.name} is online`;
  return { host, change: change(context, summary, [], script, SETTLE_SECONDS) };
}

/** Sets options of a volume; its clients take them while they are mounted. */
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
