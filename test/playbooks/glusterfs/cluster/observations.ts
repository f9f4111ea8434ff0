import type {
  Brick,
  KnownVolume,
  Peer,
  ServerObservation,
  Volume,
} from '../../../../playbooks/glusterfs/cluster/observe.ts';
import { serversOf, type Server } from '../../../../playbooks/glusterfs/cluster/servers.ts';
import type { UnitState } from '../../../../src/operations/unit-state.ts';
import { asked } from '../../../operations/clusters.ts';

/** The answer of one server, as a function of its name, or why it is unreachable. */
export type Said = ((name: string) => Partial<ServerObservation>) | string;

export const IMAGES: Volume = {
  name: 'images',
  path: '/srv/images',
  options: { 'network.ping-timeout': '10' },
};

export const UNIT: UnitState = {
  active: 'active',
  sub: 'running',
  masked: false,
  isInstalled: true,
  boot: 'enabled',
  reloadFailed: false,
  managed: false,
  now: 2_000,
  changed: new Map(),
};

export const uuidOf = (name: string): string => `uuid-${name}`;

/** Peers of a server: `'g2 g3'`; `g2!` under a former UUID of g2, `g2-` not connected, `g2?` with an incomplete handshake. */
export function peers(words: string): readonly Peer[] {
  return words
    .split(' ')
    .filter(Boolean)
    .map((word) => {
      const host = word.replace(/[!?-]$/, '');
      return {
        uuid: word.endsWith('!') ? `old-${host}` : uuidOf(host),
        host,
        connected: !word.endsWith('-') && !word.endsWith('!'),
        joined: !word.endsWith('?') && !word.endsWith('!'),
      };
    });
}

/** A server in a pool with these peers. */
export function pooled(words: string, overrides: Partial<ServerObservation> = {}): Said {
  return (name) => ({ uuid: uuidOf(name), peers: peers(words), ...overrides });
}

export const fresh: Said = () => ({});
export const unreachable: Said = 'no route to host';
/** glusterd runs, but does not respond. */
export const silent: Said = () => ({ answers: false });

/** The volume with bricks on these servers. */
export function images(servers: string, overrides: Partial<KnownVolume> = {}): KnownVolume {
  return {
    name: 'images',
    id: 'cafe',
    started: true,
    type: 'Replicate',
    arbiter: false,
    bricks: servers.split(' ').map((name) => `${name}:/srv/images`),
    options: new Map([['network.ping-timeout', '10']]),
    ...overrides,
  };
}

export const ONLINE: Brick = { exists: true, used: true, volumeId: 'cafe', online: true, backlog: 0 };
export const OFFLINE: Brick = { ...ONLINE, online: false };
export const ABSENT: Brick = { exists: false, used: false, online: false, backlog: 0 };
export const EMPTY: Brick = { ...ABSENT, exists: true };
export const OCCUPIED: Brick = { ...EMPTY, used: true };

/** A server that knows the volume and has this brick. */
export function having(brick: Brick, volume?: KnownVolume): Said {
  return (name) => ({
    uuid: uuidOf(name),
    volumes: volume ? [volume] : [],
    bricks: new Map([['images', brick]]),
  });
}

/** The servers g1, g2, ... with these answers. */
export function serversThat(...all: readonly Said[]): readonly Server[] {
  const { hosts, answers } = asked('g', all, (said, name): ServerObservation => ({
    unit: UNIT,
    answers: true,
    peers: [],
    volumes: [],
    bricks: new Map<string, Brick>(),
    ...said(name),
  }));
  return serversOf(hosts, answers);
}
