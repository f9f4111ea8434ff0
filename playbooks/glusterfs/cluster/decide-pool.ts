import type { ClusterDecision, ClusterOperation, Decided, Host, HostChange } from 'osha';
import type { ChangeContext } from './changes.ts';
import * as changes from './changes.ts';
import { observeServer, type Peer, type ServerObservation, type StorageOptions } from './observe.ts';
import { isCalled, isReached, names, poolEvidence, serversOf, type Reached, type Server } from './servers.ts';

/** All `hosts` are in one trusted pool; `glusterd` runs on each of them. See `decidePool`. */
export function poolFormed(
  hosts: readonly Host[],
  { platform, volumes }: StorageOptions,
): ClusterOperation<ServerObservation> {
  return {
    scope: 'cluster',
    title: 'one pool of GlusterFS servers',
    members: hosts,
    probe: () => observeServer(platform, volumes),
    decide: (answers) => decidePool(serversOf(hosts, answers), { unit: platform.units.glusterd }),
  };
}

/**
 * Decides how all servers get into one pool. A member of the pool adds the others one at a time; a rebuilt server, whose
 * UUID differs from the one that the pool knows, gets its former UUID back. Pure.
 *
 * Refuses on:
 * - two pools, or two servers with one UUID
 * - a server outside the pool that has volumes, peers or running bricks of its own
 * - a server that the pool knows by another UUID which is still connected
 * - no reachable server in a pool, while another server is unreachable and may be in one
 * - a restart of glusterd while another server is unreachable: volumes with a server quorum would stop
 */
export function decidePool(servers: readonly Server[], context: ChangeContext): ClusterDecision {
  return { ...decideByCase(servers, context), evidence: poolEvidence(servers) };
}

function decideByCase(servers: readonly Server[], context: ChangeContext): Decided {
  const reached = servers.filter(isReached);
  const refused =
    refuseSilentDaemons(reached) ??
    refuseSharedIdentity(reached) ??
    refuseSeparatePools(reached) ??
    refuseUnseenPool(servers, reached);
  if (refused) return refused;
  // The server with the most peers, or else volumes, adds the others.
  const [seed] = [...reached].sort(
    ({ observed: a }, { observed: b }) =>
      b.peers.length - a.peers.length || b.volumes.length - a.volumes.length,
  );
  if (!seed) return { verdict: 'converged' };
  const { peers, volumes } = seed.observed;
  const forgetful = peers.length + volumes.length === 0 ? refuseRunningBricks(seed) : undefined;
  if (forgetful) return forgetful;
  const stages: (readonly HostChange[])[] = [];
  const outside: Server[] = [];
  for (const server of reached) {
    if (server === seed) continue;
    const there = entryOf(server, seed);
    const back = entryOf(seed, server);
    if (there?.joined && back?.joined) continue;
    // A disconnected peer is down or still starting.
    if (there && back && !(there.connected && back.connected)) continue;
    outside.push(server);
    const own = there && back ? refuseRestart(server, servers) : refuseServerInUse(server, seed, reached);
    if (own) return own;
    const place = peerEntryFor(server, seed);
    if (there && back) stages.push([changes.restartDaemon(context, server, seed)]);
    else if (place) stages.push([changes.restoreServer(context, server, place.uuid, seed)]);
    else stages.push([changes.addServer(context, seed, server, stages.length === 0)]);
  }
  if (stages.length === 0) return { verdict: 'converged' };
  return { verdict: 'change', because: `not in the pool of ${seed.name}: ${names(outside)}`, stages };
}

/** The pool's entry for a server, by name or else by UUID. */
function peerEntryFor(server: Reached, seed: Reached): Peer | undefined {
  return seed.observed.peers.find((peer) => isCalled(peer, server)) ?? entryOf(server, seed);
}

/** Refuses to add a server that has volumes, peers or running bricks, or an identity in doubt. */
function refuseServerInUse(server: Reached, seed: Reached, reached: readonly Reached[]): Decided | undefined {
  const { uuid, peers, volumes } = server.observed;
  if (volumes.length > 0) return refuseOwnVolumes(server);
  if (peers.length > 0) {
    return {
      verdict: 'refuse',
      reason: `${server.name} is not in the pool of ${seed.name}, but has peers: ${peers.map(({ host }) => host).join(', ')}`,
      hint: `run "gluster peer status" on ${server.name} and ${seed.name}; to remove a peer that is gone for good: gluster peer detach NAME`,
    };
  }
  const running = refuseRunningBricks(server);
  if (running) return running;
  const place = peerEntryFor(server, seed);
  if (!place) return undefined;
  if (place.uuid !== uuid && place.connected) {
    return {
      verdict: 'refuse',
      reason: `two hosts use the name ${server.name}: ${seed.name} is connected to one with the UUID ${place.uuid}, the one in the inventory has ${uuid ?? 'none'}`,
      hint: `stop glusterd on the wrong one, then deploy again; to identify it, on ${seed.name}: gluster pool list`,
    };
  }
  const others = reached.flatMap(({ observed }) => observed.peers.filter((peer) => isCalled(peer, server)));
  const known = [...new Set([...others.map((peer) => peer.uuid), place.uuid])];
  if (known.length > 1) {
    return {
      verdict: 'refuse',
      reason: `the pool lists ${server.name} with several UUIDs: ${known.join(', ')}`,
      hint: 'remove the stale one, on the server that lists it: gluster peer detach NAME',
    };
  }
  return undefined;
}

/** Refuses while bricks run on a server without volumes: it lost its configuration, and other servers may have too. */
function refuseRunningBricks({ name, observed }: Reached): Decided | undefined {
  const running = [...observed.bricks].filter(([, brick]) => brick.online).map(([volume]) => volume);
  if (running.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `${name} has lost the configuration of its pool, but its bricks of ${running.join(', ')} still run`,
    hint: `reboot ${name} once the other copies are online, then deploy again`,
  };
}

/** Refuses to restart glusterd while another server is unreachable. */
function refuseRestart(server: Reached, servers: readonly Server[]): Decided | undefined {
  const away = servers.filter((other) => !isReached(other));
  if (away.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `glusterd on ${server.name} needs a restart, but ${names(away)} cannot be reached`,
    hint: `bring ${names(away)} back first`,
  };
}

/** The entry of `server` among the peers of `at`, by UUID. */
function entryOf(server: Reached, at: Reached): Peer | undefined {
  return at.observed.peers.find(({ uuid }) => uuid === server.observed.uuid);
}

function refuseSilentDaemons(reached: readonly Reached[]): Decided | undefined {
  const mute = reached.filter(({ observed }) => !observed.answers);
  if (mute.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `glusterd does not respond on ${names(mute)}`,
    hint: 'check "journalctl -u glusterd" and /var/log/glusterfs/glusterd.log on these hosts',
  };
}

function refuseSharedIdentity(reached: readonly Reached[]): Decided | undefined {
  for (const server of reached) {
    const { uuid } = server.observed;
    const twin = reached.find(
      (other) => other !== server && uuid !== undefined && other.observed.uuid === uuid,
    );
    if (twin) {
      return {
        verdict: 'refuse',
        reason: `${server.name} and ${twin.name} have the same UUID ${uuid ?? ''}: one is a copy of the other`,
        hint: 'on the copy: stop glusterd and remove /var/lib/glusterd/glusterd.info, then deploy again',
      };
    }
  }
  return undefined;
}

/** Refuses when servers have peers, but none in common. */
function refuseSeparatePools(reached: readonly Reached[]): Decided | undefined {
  const pooled = reached.filter(({ observed }) => observed.peers.length > 0);
  const poolOf = ({ observed }: Reached): readonly string[] => [
    ...(observed.uuid === undefined ? [] : [observed.uuid]),
    ...observed.peers.map(({ uuid }) => uuid),
  ];
  for (const one of pooled) {
    const other = pooled.find((server) => !poolOf(server).some((uuid) => poolOf(one).includes(uuid)));
    if (other) {
      return {
        verdict: 'refuse',
        reason: `${one.name} and ${other.name} are in different pools`,
        hint: 'move the volumes of one of them, remove it from its pool (gluster peer detach), then deploy again',
      };
    }
  }
  return undefined;
}

function refuseUnseenPool(servers: readonly Server[], reached: readonly Reached[]): Decided | undefined {
  const missing = servers.filter((server) => !isReached(server));
  if (missing.length === 0 || reached.some(({ observed }) => observed.peers.length > 0)) return undefined;
  return {
    verdict: 'refuse',
    reason: `no reachable server is in a pool, but ${names(missing)} may be in one and cannot be reached`,
    hint: `bring ${names(missing)} back first`,
  };
}

function refuseOwnVolumes(server: Reached): Decided {
  return {
    verdict: 'refuse',
    reason: `${server.name} is not in the pool, but has volumes of its own: ${names(server.observed.volumes)}`,
    hint: 'copy their data elsewhere and delete them first',
  };
}
