import type { ClusterDecision, Decided, HostChange } from 'osha';
import type { ChangeContext } from './changes.ts';
import * as changes from './changes.ts';
import type { Peer } from './observe.ts';
import { isCalled, isReached, names, poolEvidence, type Reached, type Server } from './servers.ts';

/**
 * What it takes that all servers are in one pool. Those outside are taken in by one that is in it, one at a time; one
 * that was rebuilt, and so has another identity than its pool knows it by, is given back its old one.
 *
 * Refused: two pools; two servers with one identity; a server with volumes of its own, or one that the pool knows as
 * another and that is not empty, or that is still there; no pool in sight while a server cannot be reached; to restart a
 * management daemon while another one is away, because volumes with a quorum of servers would stop.
 */
export function decidePool(servers: readonly Server[], context: ChangeContext): ClusterDecision {
  return { ...decideByCase(servers, context), evidence: poolEvidence(servers) };
}

function decideByCase(servers: readonly Server[], context: ChangeContext): Decided {
  const reached = servers.filter(isReached);
  const refused =
    silent(reached) ?? sameIdentity(reached) ?? twoPools(reached) ?? outOfSight(servers, reached);
  if (refused) return refused;
  // Where there is no pool yet, the one with volumes takes the others in.
  const [seed] = [...reached].sort(
    ({ observed: a }, { observed: b }) =>
      b.peers.length - a.peers.length || b.volumes.length - a.volumes.length,
  );
  if (!seed) return { verdict: 'converged' };
  const { peers, volumes } = seed.observed;
  const forgetful = peers.length + volumes.length === 0 ? runningBricks(seed) : undefined;
  if (forgetful) return forgetful;
  const stages: (readonly HostChange[])[] = [];
  const outside: Server[] = [];
  for (const server of reached) {
    if (server === seed) continue;
    const there = entryOf(server, seed);
    const back = entryOf(seed, server);
    if (there?.joined && back?.joined) continue;
    // What is not even connected is down, or starts just now.
    if (there && back && !(there.connected && back.connected)) continue;
    outside.push(server);
    const own = there && back ? cannotSpare(server, servers) : notEmpty(server, seed, reached);
    if (own) return own;
    const place = placeOf(server, seed);
    if (there && back) stages.push([changes.reintroduce(context, server, seed)]);
    else if (place) stages.push([changes.adopt(context, server, place.uuid, seed)]);
    else stages.push([changes.probe(context, seed, server, stages.length === 0)]);
  }
  if (stages.length === 0) return { verdict: 'converged' };
  return { verdict: 'change', because: `not in the pool of ${seed.name}: ${names(outside)}`, stages };
}

/** As whom the pool knows a server: by its name, else by its identity. */
function placeOf(server: Reached, seed: Reached): Peer | undefined {
  return seed.observed.peers.find((peer) => isCalled(peer, server)) ?? entryOf(server, seed);
}

/** Why a server cannot be taken in as one that has nothing of its own. */
function notEmpty(server: Reached, seed: Reached, reached: readonly Reached[]): Decided | undefined {
  const { uuid, peers, volumes } = server.observed;
  if (volumes.length > 0) return ownVolumes(server);
  if (peers.length > 0) {
    return {
      verdict: 'refuse',
      reason: `${server.name} has peers, and is not in the pool of ${seed.name}: ${peers.map(({ host }) => host).join(', ')}`,
      hint: `see "gluster peer status" on ${server.name} and ${seed.name}; a peer that is gone for good: gluster peer detach NAME`,
    };
  }
  const running = runningBricks(server);
  if (running) return running;
  const place = placeOf(server, seed);
  if (!place) return undefined;
  if (place.uuid !== uuid && place.connected) {
    return {
      verdict: 'refuse',
      reason: `${seed.name} is connected to a ${server.name} with the identity ${place.uuid}, and the one here has ${uuid ?? 'none'}: there are two`,
      hint: `stop glusterd on the one that is not meant, and run again; who answers ${seed.name}: gluster pool list`,
    };
  }
  const others = reached.flatMap(({ observed }) => observed.peers.filter((peer) => isCalled(peer, server)));
  const known = [...new Set([...others.map((peer) => peer.uuid), place.uuid])];
  if (known.length > 1) {
    return {
      verdict: 'refuse',
      reason: `the pool knows ${server.name} by several identities: ${known.join(', ')}`,
      hint: 'take out the one that is gone: gluster peer detach NAME, on the server that lists it',
    };
  }
  return undefined;
}

/** A server that serves a volume and does not know of it has forgotten its pool, and so may the others have. */
function runningBricks({ name, observed }: Reached): Decided | undefined {
  const running = [...observed.bricks].filter(([, brick]) => brick.online).map(([volume]) => volume);
  if (running.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `${name} has forgotten its pool, and its bricks of ${running.join(', ')} still run`,
    hint: `restart ${name} when the other copies are online, and run again`,
  };
}

/** Why a management daemon cannot be restarted now: the others have to be there, and only one at a time is. */
function cannotSpare(server: Reached, servers: readonly Server[]): Decided | undefined {
  const away = servers.filter((other) => !isReached(other));
  if (away.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `glusterd on ${server.name} has to be restarted, and ${names(away)} cannot be reached`,
    hint: `bring ${names(away)} back first`,
  };
}

/** What one server has noted of another one, by its identity. */
function entryOf(server: Reached, at: Reached): Peer | undefined {
  return at.observed.peers.find(({ uuid }) => uuid === server.observed.uuid);
}

function silent(reached: readonly Reached[]): Decided | undefined {
  const dumb = reached.filter(({ observed }) => !observed.answers);
  if (dumb.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `glusterd does not answer on ${names(dumb)}`,
    hint: 'see "journalctl -u glusterd" and /var/log/glusterfs/glusterd.log there',
  };
}

function sameIdentity(reached: readonly Reached[]): Decided | undefined {
  for (const server of reached) {
    const { uuid } = server.observed;
    const twin = reached.find(
      (other) => other !== server && uuid !== undefined && other.observed.uuid === uuid,
    );
    if (twin) {
      return {
        verdict: 'refuse',
        reason: `${server.name} and ${twin.name} have the same identity ${uuid ?? ''}: one is a copy of the other`,
        hint: 'stop glusterd on the copy, remove /var/lib/glusterd/glusterd.info there, and run again',
      };
    }
  }
  return undefined;
}

/** Servers that have peers, and none in common. */
function twoPools(reached: readonly Reached[]): Decided | undefined {
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
        hint: 'take one of them out of its pool (gluster peer detach), after moving its volumes, and run again',
      };
    }
  }
  return undefined;
}

function outOfSight(servers: readonly Server[], reached: readonly Reached[]): Decided | undefined {
  const missing = servers.filter((server) => !isReached(server));
  if (missing.length === 0 || reached.some(({ observed }) => observed.peers.length > 0)) return undefined;
  return {
    verdict: 'refuse',
    reason: `no pool is in sight, and ${names(missing)} cannot be reached: it may be there`,
    hint: `bring ${names(missing)} back first`,
  };
}

function ownVolumes(server: Reached): Decided {
  return {
    verdict: 'refuse',
    reason: `${server.name} is not in the pool, and has its own volumes: ${names(server.observed.volumes)}`,
    hint: 'copy what is in them and delete them first',
  };
}
