import type { ClusterDecision, HostChange } from '../../playbook/operation.ts';
import type { ChangeContext } from './changes.ts';
import * as changes from './changes.ts';
import type { Decided } from '../decided.ts';
import type { Peer } from './observe.ts';
import { isCalled, isReached, names, poolEvidence, type Reached, type Server } from './servers.ts';

/**
 * What it takes that all servers are in one pool. Those outside are taken in by one that is in it, one after another;
 * one that was rebuilt, and so has another identity than its pool knows it by, is given back its old one.
 *
 * Refused: two pools; two servers with one identity; a server with volumes of its own, or one that the pool knows as
 * another and that is not empty; no pool in sight while a server cannot be reached.
 */
export function decidePool(servers: readonly Server[], context: ChangeContext): ClusterDecision {
  return { ...decideByCase(servers, context), evidence: poolEvidence(servers) };
}

function decideByCase(servers: readonly Server[], context: ChangeContext): Decided {
  const reached = servers.filter(isReached);
  const refused =
    silent(reached) ?? sameIdentity(reached) ?? twoPools(reached) ?? outOfSight(servers, reached);
  if (refused) return refused;
  const [seed] = [...reached].sort((a, b) => b.observed.peers.length - a.observed.peers.length);
  if (!seed) return { verdict: 'converged' };
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
    if (there && back) {
      stages.push([changes.reintroduce(context, server, seed)]);
      continue;
    }
    if (server.observed.volumes.length > 0) return ownVolumes(server);
    const place = seed.observed.peers.find((peer) => isCalled(peer, server)) ?? there;
    stages.push([
      place ? changes.adopt(context, server, place.uuid, seed) : changes.probe(context, seed, server),
    ]);
  }
  if (stages.length === 0) return { verdict: 'converged' };
  return { verdict: 'change', because: `not in the pool of ${seed.name}: ${names(outside)}`, stages };
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
    reason: `${server.name} is not in the pool, and has volumes of its own: ${names(server.observed.volumes)}`,
    hint: 'copy what is in them and delete them first',
  };
}
