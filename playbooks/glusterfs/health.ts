import { type Advice, type Finding, type HealthCheck, type Host, ofThoseThatAnswered } from 'osha';
import {
  observeServer,
  type ServerObservation,
  type StorageOptions,
  type Volume,
} from './cluster/observe.ts';
import {
  brickPathOf,
  brickState,
  isCalled,
  isReached,
  knownVolume,
  serversOf,
  strangersOf,
  type Server,
} from './cluster/servers.ts';

/** Checks that all servers are connected, all volumes started, all bricks online, and no heals pending. */
export function healthy(
  hosts: readonly Host[],
  { platform, volumes }: StorageOptions,
): HealthCheck<ServerObservation> {
  return {
    scope: 'health',
    title: 'GlusterFS: every server connected, every brick online and healed',
    members: hosts,
    probe: () => observeServer(platform, volumes),
    judge: (answers) => judgeStorage(serversOf(hosts, answers), volumes),
    advise: (answers) => adviseStorage(serversOf(hosts, answers)),
  };
}

/** The findings on servers, volumes and bricks. Pure. */
export function judgeStorage(servers: readonly Server[], volumes: readonly Volume[]): readonly Finding[] {
  return [
    ...servers.map((server) => judgeServer(server, servers)),
    ...strangersOf(servers)
      .filter(({ connected }) => !connected)
      .map(({ host }) => ({
        subject: `server ${host}`,
        healthy: false,
        evidence: 'not connected, not in the inventory',
        hint: `if it is gone for good and has no bricks: gluster peer detach ${host}`,
      })),
    ...volumes.flatMap((volume) => judgeVolume(servers, volume)),
  ];
}

/** Connected servers that the inventory does not list. Pure. */
export function adviseStorage(servers: readonly Server[]): readonly Advice[] {
  return strangersOf(servers)
    .filter(({ connected }) => connected)
    .map(({ host }) => ({ subject: `server ${host}`, evidence: 'connected, not in the inventory' }));
}

function judgeServer(server: Server, servers: readonly Server[]): Finding {
  const base = { subject: 'server', host: server.name };
  if (!isReached(server)) return { ...base, healthy: false, evidence: `unreachable: ${server.reason}` };
  const { answers, unit, peers } = server.observed;
  if (!answers) {
    const runs = unit.active === 'active';
    return {
      ...base,
      healthy: false,
      evidence: runs ? 'glusterd runs, but does not respond' : `glusterd is ${unit.active}`,
      hint: runs
        ? `check on ${server.name}: gluster peer status, journalctl -u glusterd, /var/log/glusterfs/glusterd.log`
        : 'osha deploy INVENTORY --only glusterfs',
    };
  }
  const others = servers.filter(({ name }) => name !== server.name);
  const lacking = others.filter((other) => !peers.some((peer) => peer.connected && isCalled(peer, other)));
  return {
    ...base,
    healthy: lacking.length === 0,
    evidence:
      lacking.length === 0
        ? `connected to ${others.length} of ${others.length}`
        : `not connected to ${lacking.map(({ name }) => name).join(', ')}`,
  };
}

function judgeVolume(servers: readonly Server[], volume: Volume): readonly Finding[] {
  const found = knownVolume(servers, volume.name);
  if (!found) {
    const subject = `volume ${volume.name}`;
    const isKnown = servers.some((server) => isReached(server) && server.observed.answers);
    return [
      {
        subject,
        healthy: false,
        unknown: isKnown ? undefined : true,
        evidence: isKnown ? 'does not exist' : 'unknown: no server responds',
        ...(isKnown ? { hint: 'osha deploy INVENTORY --only glusterfs' } : {}),
      },
    ];
  }
  const online = servers.filter(
    (server) => isReached(server) && server.observed.bricks.get(volume.name)?.online,
  );
  const partly = ofThoseThatAnswered(servers.filter(isReached).length, servers.length);
  return [
    {
      subject: `volume ${volume.name}`,
      healthy: found.started && online.length > 0,
      evidence: `${found.started ? 'started' : 'not started'}, ${online.length} of ${found.bricks.length} copies online${partly}`,
    },
    ...servers.map((server): Finding => {
      const base = { subject: `brick of ${volume.name}`, host: server.name };
      if (!isReached(server)) return { ...base, healthy: false, evidence: `unreachable: ${server.reason}` };
      const brick = server.observed.bricks.get(volume.name);
      const path = brickPathOf(found, server);
      if (path === undefined) return { ...base, healthy: false, evidence: 'none' };
      const healed = brick?.online === true && brick.backlog === 0;
      return {
        ...base,
        healthy: healed,
        evidence: healed ? 'online, 0 files to heal' : brickState(brick, found),
        ...(healed ? {} : { hint: `gluster volume heal ${volume.name} info` }),
      };
    }),
  ];
}
