import type { Decided } from 'osha';
import type { KnownVolume, Volume } from './observe.ts';
import { brickPathOf, isReached, names, unclear, whyUnclear, type Reached, type Server } from './servers.ts';

/** Why something has to wait for servers whose part cannot be known now. */
export function away(servers: readonly Server[], what: string): Decided | undefined {
  const missing = unclear(servers);
  if (missing.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `${what}, and ${whyUnclear(servers)}`,
    hint: `bring ${names(missing)} back first`,
  };
}

/** Servers that mean different things by one name are not of one mind, or not in one pool. */
export function severalOf(servers: readonly Server[], volume: Volume): Decided | undefined {
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
    reason: `the servers do not know one and the same volume ${volume.name}: ${sides}`,
    hint: 'see "gluster volume info" and "gluster peer status" on each of them',
  };
}

/** Bricks that were to be empty, and hold something, may hold something, or still run. */
export function notEmpty(servers: readonly Reached[], volume: Volume): Decided | undefined {
  const brickOf = ({ observed }: Reached) => observed.bricks.get(volume.name);
  const blind = servers.filter((server) => brickOf(server)?.unreadable ?? !brickOf(server));
  if (blind.length > 0) {
    return {
      verdict: 'refuse',
      reason: `what is in ${volume.path} cannot be read on ${names(blind)}`,
      hint: `see "ls ${volume.path}" and "getfattr -d -m . ${volume.path}" there: is its disk well, and the package attr installed?`,
    };
  }
  const running = servers.filter((server) => brickOf(server)?.online);
  if (running.length > 0) {
    return {
      verdict: 'refuse',
      reason: `${volume.path} is no brick of ${volume.name} on ${names(running)}, and a brick of that name runs there`,
      hint: `see "gluster volume status ${volume.name}" there: was its disk taken away under it?`,
    };
  }
  const occupied = servers.filter((server) => brickOf(server)?.used);
  if (occupied.length > 0) return holdsData(occupied, volume);
  const foreign = servers.filter((server) => brickOf(server)?.volumeId !== undefined);
  if (foreign.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `${volume.path} is a brick of another volume on ${names(foreign)}: ${foreign.map((server) => brickOf(server)?.volumeId ?? '').join(', ')}`,
    hint: `where that volume is gone for good: rm -r ${volume.path}`,
  };
}

/** A volume that somebody made in another way than osha does: copies are counted otherwise there. */
export function madeOtherwise(
  volume: Volume,
  found: KnownVolume,
  types: readonly string[],
): Decided | undefined {
  if (types.includes(found.type) && !found.arbiter) return undefined;
  return {
    verdict: 'refuse',
    reason: `${volume.name} is ${found.arbiter ? 'with an arbiter' : `of the type ${found.type || 'unknown'}`}, and osha changes the bricks of replicated volumes only`,
    hint: `change its bricks by hand: gluster volume info ${volume.name}`,
  };
}

/** Servers that have yet to learn of the volume from their pool. */
export function unaware(servers: readonly Reached[], volume: Volume): Decided | undefined {
  const ignorant = servers.filter(
    ({ observed }) => !observed.volumes.some(({ name }) => name === volume.name),
  );
  if (ignorant.length === 0) return undefined;
  return {
    verdict: 'refuse',
    reason: `${names(ignorant)} does not know the volume ${volume.name}, which others of its pool have`,
    hint: `see "gluster peer status" there, and run again once it is connected`,
  };
}

export function unmounted(reached: readonly Reached[], volume: Volume): Decided | undefined {
  for (const { name, observed } of reached) {
    const disk = observed.bricks.get(volume.name)?.unmounted;
    if (disk !== undefined) {
      return {
        verdict: 'refuse',
        reason: `the brick ${volume.path} belongs on ${disk}, which is not mounted on ${name}`,
        hint: `mount it (mount ${disk}), or take it out of /etc/fstab there`,
      };
    }
  }
  return undefined;
}

export function holdsData(occupied: readonly Reached[], volume: Volume): Decided {
  return {
    verdict: 'refuse',
    reason: `${volume.path} is no brick of ${volume.name} on ${names(occupied)}, and holds other data`,
    hint: 'move that data away, or give the volume another path; what belongs on the volume is copied to where it is mounted',
  };
}

export function movedBrick(
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
        hint: `write path: ${path}, or move it by hand (gluster volume replace-brick)`,
      };
    }
  }
  return undefined;
}
