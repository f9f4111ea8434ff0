import { type Host, type Life, type Spare, spareCheck } from 'osha';
import { observeServer, type StorageOptions, type Volume } from './cluster/observe.ts';
import { brickPathOf, isReached, knownVolume, serversOf, type Server } from './cluster/servers.ts';

/** How the pool lives while its servers come and go. A client that is no server can always be spared. */
export function life(servers: readonly Host[], { platform, volumes }: StorageOptions): Life {
  return {
    okToStop: (host) =>
      servers.includes(host)
        ? [
            spareCheck({
              members: servers,
              probe: () => observeServer(platform, volumes),
              judge: (answers) => judgeSpare(host.name, serversOf(servers, answers), volumes),
            }),
          ]
        : [],
    // Without a copy of the data elsewhere, that is the operator's decision.
    whyKept: (host) =>
      servers.includes(host)
        ? `it has copies of GlusterFS volumes; remove its bricks first: gluster volume remove-brick`
        : undefined,
  };
}

/** Whether each volume keeps enough complete copies online without a server: a majority, or of two copies one. Pure. */
export function judgeSpare(host: string, servers: readonly Server[], volumes: readonly Volume[]): Spare {
  const spares = volumes.map((volume) => ofVolume(host, servers, volume));
  const evidence = (of: readonly Spare[]): string => of.map((one) => one.evidence).join('; ');
  for (const verdict of ['needed', 'unknown'] as const) {
    const reasons = spares.filter((one) => one.verdict === verdict);
    if (reasons.length > 0) return { verdict, evidence: evidence(reasons), hint: reasons[0]?.hint };
  }
  return { verdict: 'spared', evidence: evidence(spares) || 'it has no volumes' };
}

function ofVolume(host: string, servers: readonly Server[], { name }: Volume): Spare {
  const volume = knownVolume(servers, name);
  if (!volume) return { verdict: 'unknown', evidence: `no server that answered knows ${name}` };
  const holding = servers.filter((server) => brickPathOf(volume, server) !== undefined);
  if (!holding.some((server) => server.name === host)) {
    return { verdict: 'spared', evidence: `it has no copy of ${name}` };
  }
  const online = holding.filter(
    (server) => server.name !== host && isReached(server) && server.observed.bricks.get(name)?.online,
  );
  const total = volume.bricks.length;
  const evidence = `${online.length} of ${total} copies of ${name} remain online`;
  const enough = total > 2 ? online.length * 2 > total : online.length > 0;
  if (!enough) {
    return {
      verdict: 'needed',
      evidence,
      hint: 'bring the other servers back first: osha deploy INVENTORY --only glusterfs',
    };
  }
  // A brick lists what others lack, so the host may have the only current copy of a file.
  const backlog = holding.reduce(
    (sum, server) => sum + (isReached(server) ? (server.observed.bricks.get(name)?.backlog ?? 0) : 0),
    0,
  );
  return backlog === 0
    ? { verdict: 'spared', evidence }
    : {
        verdict: 'needed',
        evidence: `${backlog} files of ${name} are not healed yet`,
        hint: `wait for: gluster volume heal ${name} info`,
      };
}
