import type { ClusterOperation, Host, Platform } from 'osha';
import { decidePool } from './decide-pool.ts';
import { decideVolume } from './decide-volume.ts';
import { observeServer, type ServerObservation, type Volume } from './observe.ts';
import { serversOf } from './servers.ts';

export interface StorageOptions {
  readonly platform: Platform;
  /** Every volume: all questions are asked at once. */
  readonly volumes: readonly Volume[];
}

/** `hosts` are one trusted pool, each with `glusterd` running; see `decidePool` for how. */
export function pool(
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

/** One of the volumes is there, started, with a copy on each of `hosts`; see `decideVolume` for how. */
export function volume(
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
