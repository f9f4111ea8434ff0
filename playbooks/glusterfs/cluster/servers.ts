import type { Answers, Evidence, Host } from 'osha';
import type { Brick, KnownVolume, Peer, ServerObservation } from './observe.ts';

/** A server with its observation, or the reason why there is none. */
export type Server = { readonly name: string; readonly address: string } & (
  | { readonly reachable: false; readonly reason: string }
  | { readonly reachable: true; readonly observed: ServerObservation }
);

export type Reached = Extract<Server, { reachable: true }>;

/** The servers and their answers, in inventory order. */
export function serversOf(hosts: readonly Host[], answers: Answers<ServerObservation>): readonly Server[] {
  return hosts.map(({ name, address }): Server => {
    const answer = answers.get(name) ?? { reachable: false as const, reason: 'not queried' };
    return answer.reachable
      ? { name, address, reachable: true, observed: answer.observed }
      : { name, address, reachable: false, reason: answer.reason };
  });
}

export function isReached(server: Server): server is Reached {
  return server.reachable;
}

/** Servers of unknown state: unreachable, or with a glusterd that does not respond. */
export function unclear(servers: readonly Server[]): readonly Server[] {
  return servers.filter((server) => !isReached(server) || !server.observed.answers);
}

/** Why the state of servers is unknown: `g2 cannot be reached, g3 does not respond`. */
export function whyUnclear(servers: readonly Server[]): string {
  return unclear(servers)
    .map((server) => `${server.name} ${isReached(server) ? 'does not respond' : 'cannot be reached'}`)
    .join(', ');
}

/** Whether a server may serve clients: one of its bricks runs, or their state is unknown. */
export function mayServe(server: Server): boolean {
  return !isReached(server) || [...server.observed.bricks.values()].some(({ online }) => online);
}

/** Their names, separated by commas. */
export function names(servers: readonly Pick<Server, 'name'>[]): string {
  return servers.map((server) => server.name).join(', ');
}

/** Whether a peer entry is about this server, by name or address. */
export function isCalled(peer: Pick<Peer, 'host'>, server: Pick<Server, 'name' | 'address'>): boolean {
  return peer.host === server.name || peer.host === server.address;
}

/** Peers that the inventory does not list, without duplicates. */
export function strangersOf(servers: readonly Server[]): readonly Peer[] {
  const own = new Set(servers.filter(isReached).map(({ observed }) => observed.uuid));
  const peers = servers.filter(isReached).flatMap(({ observed }) => observed.peers);
  const strange = peers.filter(
    (peer) => !own.has(peer.uuid) && !servers.some((server) => isCalled(peer, server)),
  );
  return [...new Map(strange.map((peer) => [peer.uuid, peer])).values()];
}

/** The state of a volume, from the first server that knows it. */
export function knownVolume(servers: readonly Server[], name: string): KnownVolume | undefined {
  return servers
    .filter(isReached)
    .flatMap(({ observed }) => observed.volumes)
    .find((volume) => volume.name === name);
}

/** The path of a volume's brick on a server, if any. */
export function brickPathOf(
  volume: KnownVolume,
  server: Pick<Server, 'name' | 'address'>,
): string | undefined {
  const own = volume.bricks.find((brick) => isCalled({ host: brick.slice(0, brick.indexOf(':')) }, server));
  return own?.slice(own.indexOf(':') + 1);
}

/** The evidence table of the pool: state, UUID and peers of each server. */
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
          answers ? 'running' : unit.active === 'active' ? 'does not respond' : unit.active,
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

/** The state of a brick in words. */
export function brickState(brick: Brick | undefined, volume: KnownVolume | undefined): string {
  if (!brick) return 'unknown';
  if (brick.unmounted !== undefined) return `${brick.unmounted} is not mounted`;
  if (brick.unreadable) return brick.online ? 'online, cannot be read' : 'cannot be read';
  if (!brick.exists) return brick.online ? 'online, directory missing' : 'no directory';
  if (brick.online) return brick.backlog === 0 ? 'online' : `online, ${brick.backlog} files to heal`;
  if (volume && brick.volumeId !== volume.id) {
    if (brick.used) return 'other data in its directory';
    return brick.volumeId === undefined ? 'empty' : 'a brick of another volume';
  }
  return brick.volumeId === undefined && !brick.used ? 'empty' : 'offline';
}
