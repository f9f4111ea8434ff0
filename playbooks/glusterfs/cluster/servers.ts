import type { Answers, Evidence, Host } from 'osha';
import type { Brick, KnownVolume, Peer, ServerObservation } from './observe.ts';

/** A server of the pool as a decision sees it. */
export type Server = { readonly name: string; readonly address: string } & (
  | { readonly reachable: false; readonly reason: string }
  | { readonly reachable: true; readonly observed: ServerObservation }
);

export type Reached = Extract<Server, { reachable: true }>;

/** The servers in inventory order, whatever order the answers came in. */
export function serversOf(hosts: readonly Host[], answers: Answers<ServerObservation>): readonly Server[] {
  return hosts.map(({ name, address }): Server => {
    const answer = answers.get(name) ?? { reachable: false as const, reason: 'it was not asked' };
    return answer.reachable
      ? { name, address, reachable: true, observed: answer.observed }
      : { name, address, reachable: false, reason: answer.reason };
  });
}

export function isReached(server: Server): server is Reached {
  return server.reachable;
}

/** Servers whose part cannot be known now: out of reach, or with a management daemon that does not answer. */
export function unclear(servers: readonly Server[]): readonly Server[] {
  return servers.filter((server) => !isReached(server) || !server.observed.answers);
}

/** Why a server is unclear, in a sentence behind its name. */
export function whyUnclear(servers: readonly Server[]): string {
  return unclear(servers)
    .map((server) => `${server.name} ${isReached(server) ? 'does not answer' : 'cannot be reached'}`)
    .join(', ');
}

/** True where a server may serve a client: one of its bricks runs, or nothing is known of them. */
export function mayServe(server: Server): boolean {
  return !isReached(server) || [...server.observed.bricks.values()].some(({ online }) => online);
}

/** Names in a sentence. */
export function names(servers: readonly Pick<Server, 'name'>[]): string {
  return servers.map((server) => server.name).join(', ');
}

/** True where a peer is known by this server's name or address. */
export function isCalled(peer: Pick<Peer, 'host'>, server: Pick<Server, 'name' | 'address'>): boolean {
  return peer.host === server.name || peer.host === server.address;
}

/** Peers that the inventory does not name, each once. */
export function strangersOf(servers: readonly Server[]): readonly Peer[] {
  const own = new Set(servers.filter(isReached).map(({ observed }) => observed.uuid));
  const peers = servers.filter(isReached).flatMap(({ observed }) => observed.peers);
  const strange = peers.filter(
    (peer) => !own.has(peer.uuid) && !servers.some((server) => isCalled(peer, server)),
  );
  return [...new Map(strange.map((peer) => [peer.uuid, peer])).values()];
}

/** A volume as any server of the pool knows it. */
export function known(servers: readonly Server[], name: string): KnownVolume | undefined {
  return servers
    .filter(isReached)
    .flatMap(({ observed }) => observed.volumes)
    .find((volume) => volume.name === name);
}

/** The path of a server's brick of a volume, where it has one. */
export function brickPathOf(
  volume: KnownVolume,
  server: Pick<Server, 'name' | 'address'>,
): string | undefined {
  const own = volume.bricks.find((brick) => isCalled({ host: brick.slice(0, brick.indexOf(':')) }, server));
  return own?.slice(own.indexOf(':') + 1);
}

/** Who sees whom. */
export function poolEvidence(servers: readonly Server[]): Evidence {
  return {
    columns: ['server', 'glusterd', 'uuid', 'connected to', 'not connected to', 'volumes'],
    rows: [
      ...servers.map((server) => {
        if (!isReached(server)) return [server.name, `unreachable: ${server.reason}`, '', '', '', ''];
        const { unit, answers, uuid, peers, volumes } = server.observed;
        const hosts = (connected: boolean): string =>
          peers.flatMap((peer) => (peer.connected === connected ? [peer.host] : [])).join(' ');
        return [
          server.name,
          answers ? 'running' : unit.active === 'active' ? 'does not answer' : unit.active,
          uuid ?? 'none yet',
          hosts(true),
          hosts(false),
          volumes.map(({ name }) => name).join(' '),
        ];
      }),
      ...strangersOf(servers).map(({ uuid, host }) => [
        host,
        'not in the inventory: left alone',
        uuid,
        '',
        '',
        '',
      ]),
    ],
  };
}

/** A brick's state in words. */
export function brickState(brick: Brick | undefined, volume: KnownVolume | undefined): string {
  if (!brick) return 'unknown';
  if (brick.unmounted !== undefined) return `${brick.unmounted} is not mounted`;
  if (brick.unreadable) return brick.online ? 'online, cannot be read' : 'cannot be read';
  if (!brick.exists) return brick.online ? 'online, its directory is gone' : 'no directory';
  if (brick.online) return brick.backlog === 0 ? 'online' : `online, ${brick.backlog} files to heal`;
  if (volume && brick.volumeId !== volume.id) {
    if (brick.used) return 'holds other data';
    return brick.volumeId === undefined ? 'empty' : 'a brick of another volume';
  }
  return brick.volumeId === undefined && !brick.used ? 'empty' : 'offline';
}
