import type { ClusterDecision, ClusterOperation, Decided, Evidence, Host, HostChange } from 'osha';
import * as changes from './changes.ts';
import type { ChangeContext } from './changes.ts';
import {
  observeServer,
  type KnownVolume,
  type ServerObservation,
  type StorageOptions,
  type Volume,
} from './observe.ts';
import {
  brickPathOf,
  brickState,
  isReached,
  knownVolume,
  names,
  serversOf,
  type Reached,
  type Server,
  unclear,
  whyUnclear,
} from './servers.ts';

/** The volume exists and is started, with a copy on each of `hosts`. See `decideVolume`. */
export function volumeReplicated(
  hosts: readonly Host[],
  wanted: Volume,
  { platform, volumes }: StorageOptions,
): ClusterOperation<ServerObservation> {
  return {
    scope: 'cluster',
    title: `the volume ${wanted.name}`,
    members: hosts,
    probe: () => observeServer(platform, volumes),
    decide: (answers) => decideVolume(serversOf(hosts, answers), wanted, { unit: platform.units.glusterd }),
  };
}

/**
 * Decides how a volume gets a copy on every server. It is created and started once; new servers get a copy; stopped
 * bricks are started; differing options are set. A lost brick is healed from the others once all of those are online.
 * Nothing is ever deleted, and bricks on hosts that the inventory does not list are left alone. Pure.
 *
 * Refuses:
 * - a brick in a directory with other data, or on a disk that is not mounted
 * - to heal when no other copy exists
 * - another path than the brick of the volume has
 * - to create, grow or heal the volume while a server is unreachable
 */
export function decideVolume(
  servers: readonly Server[],
  volume: Volume,
  context: ChangeContext,
): ClusterDecision {
  const found = knownVolume(servers, volume.name);
  const decided =
    refuseConflictingVolumes(servers, volume) ??
    (found ? decideUpkeep(servers, volume, found, context) : decideCreation(servers, volume, context));
  return { ...decided, evidence: volumeEvidence(servers, volume, found) };
}

function decideCreation(servers: readonly Server[], volume: Volume, context: ChangeContext): Decided {
  const reached = servers.filter(isReached);
  const refused =
    refuseWhileUnclear(servers, `${volume.name} cannot be created`) ?? refuseUnmounted(reached, volume);
  if (refused) return refused;
  const taken = refuseBricksInUse(reached, volume);
  if (taken) return taken;
  const [first] = reached;
  if (!first) return { verdict: 'converged' };
  return {
    verdict: 'change',
    because: `the volume ${volume.name} does not exist`,
    stages: [
      absentBricks(reached, volume).map(({ name }) => changes.makeBrick(context, name, volume)),
      [changes.create(context, first.name, volume, servers)],
      ...optionStage(volume, new Map(), first, context),
      [changes.start(context, first.name, volume, false)],
      reached.map(({ name }) => changes.awaitBrick(context, name, volume)),
    ].filter((stage) => stage.length > 0),
  };
}

function decideUpkeep(
  servers: readonly Server[],
  volume: Volume,
  found: KnownVolume,
  context: ChangeContext,
): Decided {
  const reached = servers.filter(isReached);
  const [on] = reached.filter(({ observed }) => observed.volumes.some(({ name }) => name === volume.name));
  if (!on) return { verdict: 'converged' };
  const refused = refuseMovedBrick(servers, volume, found) ?? refuseUnmounted(reached, volume);
  if (refused) return refused;
  const stages: (readonly HostChange[])[] = [];
  const because: string[] = [];
  const owners = reached.filter((server) => brickPathOf(found, server) !== undefined);
  const lost = owners.filter((server) => !hasBrick(server, volume, found));
  const newcomers = servers.filter((server) => brickPathOf(found, server) === undefined);
  const offline = owners.filter(
    (server) => !lost.includes(server) && !server.observed.bricks.get(volume.name)?.online,
  );
  if (!found.started && (lost.length === 0 || offline.length > 0)) {
    // With a lost brick, it only starts by force.
    stages.push([changes.start(context, on.name, volume, lost.length > 0)]);
    because.push(`${volume.name} is not started`);
  }
  // Stopped bricks start first; lost ones are healed from them in the next round.
  if (lost.length > 0 && offline.length === 0) {
    const healed = decideHealing(servers, owners, lost, volume, found, context);
    if (healed.verdict !== 'change') return healed;
    stages.push(...healed.stages);
    because.push(healed.because);
  }
  if (lost.length === 0 && newcomers.length > 0 && found.started && offline.length === 0) {
    const grown = decideGrowth(servers, newcomers, volume, found, context);
    if (grown.verdict !== 'change') return grown;
    stages.push(...grown.stages);
    because.push(grown.because);
  }
  if (offline.length > 0) {
    if (found.started) stages.push([changes.start(context, on.name, volume, true)]);
    stages.push(offline.map(({ name }) => changes.awaitBrick(context, name, volume)));
    because.push(`the brick of ${volume.name} is not running on ${names(offline)}`);
  }
  const options = optionStage(volume, found.options, on, context);
  if (options.length > 0) {
    stages.push(...options);
    because.push(`options of ${volume.name} differ`);
  }
  if (stages.length === 0) return { verdict: 'converged' };
  const left = offline.length > 0 || lost.length > 0 || !found.started ? [...lost, ...newcomers] : [];
  return {
    verdict: 'change',
    because: because.join('; '),
    stages,
    ...(left.length > 0 ? { then: `the brick of ${volume.name} on ${names(left)}` } : {}),
  };
}

/** Whether the directory on a server is a brick of this volume. */
function hasBrick(server: Reached, volume: Volume, found: KnownVolume): boolean {
  return server.observed.bricks.get(volume.name)?.volumeId === found.id;
}

function absentBricks(reached: readonly Reached[], volume: Volume): readonly Reached[] {
  return reached.filter(({ observed }) => !observed.bricks.get(volume.name)?.exists);
}

/** Heals lost bricks from the other copies, all of which must be online: an offline one may be the newest. */
function decideHealing(
  servers: readonly Server[],
  owners: readonly Reached[],
  lost: readonly Reached[],
  volume: Volume,
  found: KnownVolume,
  context: ChangeContext,
): Decided {
  const missing = refuseWhileUnclear(
    servers,
    `the empty brick of ${volume.name} on ${names(lost)} cannot be healed`,
  );
  if (missing) return missing;
  const taken =
    refuseBricksInUse(lost, volume) ??
    refuseOtherType(volume, found, ['Replicate']) ??
    refuseUnawareServers(lost, volume);
  if (taken) return taken;
  const whole = owners.filter((server) => !lost.includes(server));
  if (whole.length === 0) {
    return {
      verdict: 'refuse',
      reason: `the data of ${volume.name} is missing on ${names(lost)}, and no other copy was found`,
      hint: 'is its disk mounted? If the data is lost, delete the volume (gluster volume delete) and restore a backup',
    };
  }
  const gone = lost.flatMap(({ name, address }) => [`${name}:`, `${address}:`]);
  const others = found.bricks.filter((brick) => !gone.some((host) => brick.startsWith(host)));
  return {
    verdict: 'change',
    because: `the brick of ${volume.name} is empty on ${names(lost)}`,
    stages: lost.flatMap((server) => [
      [
        changes.renewBrick(
          context,
          server,
          volume,
          owners.filter((other) => other !== server),
        ),
      ],
      [changes.resetBrick(context, volume, server, { others, replica: found.bricks.length })],
      [changes.awaitBrick(context, server.name, volume)],
    ]),
  };
}

/** Adds copies on new servers while all others are online, so that they record what the new ones lack. */
function decideGrowth(
  servers: readonly Server[],
  newcomers: readonly Server[],
  volume: Volume,
  found: KnownVolume,
  context: ChangeContext,
): Decided {
  const missing = refuseWhileUnclear(
    servers,
    `no copy of ${volume.name} can be added on ${names(newcomers)}`,
  );
  if (missing) return missing;
  const reached = newcomers.filter(isReached);
  const kinds = found.bricks.length === 1 ? ['Replicate', 'Distribute'] : ['Replicate'];
  const refused =
    refuseBricksInUse(reached, volume) ??
    refuseOtherType(volume, found, kinds) ??
    refuseUnawareServers(reached, volume);
  if (refused) return refused;
  return {
    verdict: 'change',
    because: `no copy of ${volume.name} on ${names(newcomers)}`,
    stages: [
      absentBricks(reached, volume).map(({ name }) => changes.makeBrick(context, name, volume)),
      ...reached.flatMap((server, index) => [
        [
          changes.addBrick(context, volume, server, {
            others: found.bricks,
            replica: found.bricks.length + index + 1,
          }),
        ],
        [changes.awaitBrick(context, server.name, volume)],
      ]),
    ].filter((stage) => stage.length > 0),
  };
}

function optionStage(
  volume: Volume,
  present: ReadonlyMap<string, string>,
  on: Reached,
  context: ChangeContext,
): readonly (readonly HostChange[])[] {
  const differing = Object.entries(volume.options).filter(([key, value]) => present.get(key) !== value);
  return differing.length > 0 ? [[changes.setOptions(context, on.name, volume, differing)]] : [];
}

function volumeEvidence(
  servers: readonly Server[],
  volume: Volume,
  found: KnownVolume | undefined,
): Evidence {
  const strange = (found?.bricks ?? []).filter(
    (brick) =>
      !servers.some((server) => found && brick === `${server.name}:${brickPathOf(found, server) ?? ''}`),
  );
  return {
    columns: ['server', 'volume', 'brick', 'state'],
    rows: [
      ...servers.map((server) => {
        const path = found ? (brickPathOf(found, server) ?? 'none') : 'none';
        if (!isReached(server)) return [server.name, volume.name, path, `unreachable: ${server.reason}`];
        return [server.name, volume.name, path, brickState(server.observed.bricks.get(volume.name), found)];
      }),
      ...strange.map((brick) => [brick, volume.name, '', 'not in the inventory: left alone']),
    ],
  };
}

/** Refuses while the state of a server is unknown. `what` says what is not done. */
function refuseWhileUnclear(servers: readonly Server[], what: string): Decided | undefined {
  const missing = unclear(servers);
  if (missing.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `${what}: ${whyUnclear(servers)}`,
    hint: `bring ${names(missing)} back first`,
  };
}

/** Refuses when servers report different volumes of the same name. */
function refuseConflictingVolumes(servers: readonly Server[], volume: Volume): Decided | undefined {
  const ids = new Map<string, string[]>();
  for (const { name, observed } of servers.filter(isReached)) {
    const own = observed.volumes.find((one) => one.name === volume.name);
    const what = own && `${own.id}: ${own.bricks.join(' ')}`;
    if (what !== undefined) ids.set(what, [...(ids.get(what) ?? []), name]);
  }
  if (ids.size < 2) return undefined;
  const sides = [...ids].map(([what, hosts]) => `${what} on ${hosts.join(', ')}`).join('; ');
  return {
    verdict: 'refuse',
    reason: `the servers disagree about the volume ${volume.name}: ${sides}`,
    hint: 'compare "gluster volume info" and "gluster peer status" on these servers',
  };
}

/** Refuses to use a directory that is not known to be empty, or under a brick that still runs. */
function refuseBricksInUse(servers: readonly Reached[], volume: Volume): Decided | undefined {
  const brickOf = ({ observed }: Reached) => observed.bricks.get(volume.name);
  const unreadable = servers.filter((server) => brickOf(server)?.unreadable ?? !brickOf(server));
  if (unreadable.length > 0) {
    return {
      verdict: 'refuse',
      reason: `${volume.path} cannot be read on ${names(unreadable)}`,
      hint: `run "ls ${volume.path}" and "getfattr -d -m . ${volume.path}" there: is the disk healthy, and the package attr installed?`,
    };
  }
  const running = servers.filter((server) => brickOf(server)?.online);
  if (running.length > 0) {
    return {
      verdict: 'refuse',
      reason: `a brick of ${volume.name} runs on ${names(running)}, but ${volume.path} there is not that brick`,
      hint: `run "gluster volume status ${volume.name}" there: was its disk unmounted while it ran?`,
    };
  }
  const occupied = servers.filter((server) => brickOf(server)?.used);
  if (occupied.length > 0) return refuseOtherData(occupied, volume);
  const foreign = servers.filter((server) => brickOf(server)?.volumeId !== undefined);
  if (foreign.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `${volume.path} is a brick of another volume on ${names(foreign)}: ${foreign.map((server) => brickOf(server)?.volumeId ?? '').join(', ')}`,
    hint: `if that volume is gone for good: rm -r ${volume.path}`,
  };
}

/** Refuses for a volume of another type than osha creates, whose replicas are counted differently. */
function refuseOtherType(volume: Volume, found: KnownVolume, types: readonly string[]): Decided | undefined {
  if (types.includes(found.type) && !found.arbiter) return undefined;
  return {
    verdict: 'refuse',
    reason: `${volume.name} ${found.arbiter ? 'has an arbiter' : `is of type ${found.type || 'unknown'}`}; osha changes only the bricks of replicated volumes without one`,
    hint: `change its bricks manually; to list them: gluster volume info ${volume.name}`,
  };
}

/** Refuses while a server does not know the volume yet. */
function refuseUnawareServers(servers: readonly Reached[], volume: Volume): Decided | undefined {
  const unaware = servers.filter(
    ({ observed }) => !observed.volumes.some(({ name }) => name === volume.name),
  );
  if (unaware.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `${names(unaware)} does not know the volume ${volume.name}, which other servers of its pool have`,
    hint: 'check "gluster peer status" there, and deploy again once it is connected',
  };
}

function refuseUnmounted(reached: readonly Reached[], volume: Volume): Decided | undefined {
  for (const { name, observed } of reached) {
    const disk = observed.bricks.get(volume.name)?.unmounted;
    if (disk !== undefined) {
      return {
        verdict: 'refuse',
        reason: `the brick ${volume.path} belongs on ${disk}, which is not mounted on ${name}`,
        hint: `mount it (mount ${disk}), or remove it from /etc/fstab there`,
      };
    }
  }
  return undefined;
}

function refuseOtherData(occupied: readonly Reached[], volume: Volume): Decided {
  return {
    verdict: 'refuse',
    reason: `${volume.path} holds other data on ${names(occupied)}, and is not a brick of ${volume.name}`,
    hint: 'move that data elsewhere, or set another path for the volume; to put data on the volume, copy it to its mount point',
  };
}

function refuseMovedBrick(
  servers: readonly Server[],
  volume: Volume,
  found: KnownVolume,
): Decided | undefined {
  for (const server of servers) {
    const path = brickPathOf(found, server);
    if (path !== undefined && path !== volume.path) {
      return {
        verdict: 'refuse',
        reason: `${volume.name} has its brick at ${path} on ${server.name}, not at ${volume.path}`,
        hint: `set path: ${path}, or move the brick manually (gluster volume replace-brick)`,
      };
    }
  }
  return undefined;
}
