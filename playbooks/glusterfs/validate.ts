import { choiceFault, type Inventory, type InventoryProblem, type Host } from 'osha';
import type { GlusterfsSettings } from './settings.ts';
import { clientsOf, serversOf } from './storage.ts';

/** The highest replica count in Gluster's documentation; every copy multiplies the writes. */
const MOST_COPIES = 3;

/** Mistakes in servers, clients, bricks and mount points of the volumes. */
export function glusterfsProblems(
  inventory: Inventory,
  settings: GlusterfsSettings,
): readonly InventoryProblem[] {
  const volumes = Object.entries(settings.volumes);
  if (volumes.length === 0) return [];
  return [
    ...serverProblems(inventory, settings),
    ...volumes.flatMap(([name, { on }]) =>
      on.flatMap((word, index) => faultyWord(word, inventory, ['glusterfs', 'volumes', name, 'on', index])),
    ),
    ...brickProblems(settings),
    ...mountConflicts(
      volumes.map(([name, volume]) => ({
        path: ['glusterfs', 'volumes', name, 'mount'],
        what: `the volume ${name}`,
        mount: volume.mount,
        hosts: clientsOf(inventory, volume),
      })),
    ),
  ];
}

/** The mistake in a word that should be a host or a role. */
export function faultyWord(
  word: string,
  inventory: Inventory,
  path: InventoryProblem['path'],
): readonly InventoryProblem[] {
  const fault = choiceFault(word, inventory.hosts);
  return fault ? [{ severity: 'error', path, ...fault }] : [];
}

function serverProblems(inventory: Inventory, settings: GlusterfsSettings): readonly InventoryProblem[] {
  const path = ['glusterfs', 'servers'];
  const faults = settings.servers.flatMap((word) => faultyWord(word, inventory, path));
  if (faults.length > 0) return faults;
  const servers = serversOf(inventory, settings);
  if (servers.length > MOST_COPIES) {
    const message = `${servers.length} servers, each with a copy of every volume: more than ${MOST_COPIES} copies only slow down writes`;
    const hint = `choose three: servers: [${servers
      .slice(0, MOST_COPIES)
      .map(({ name }) => name)
      .join(', ')}]`;
    return [{ severity: 'error', path, message, hint }];
  }
  if (servers.length === MOST_COPIES) return [];
  const hint = 'use three servers: two of them keep running without the third';
  const message =
    servers.length === 1
      ? `one server: volumes have a single copy, lost with ${servers[0]?.name ?? 'it'}`
      : 'two servers have no quorum: if they lose contact, both copies of a file can be written (split brain)';
  return [{ severity: 'warning', path, message, hint }];
}

/** Bricks inside each other, or inside a mount point. */
function brickProblems(settings: GlusterfsSettings): readonly InventoryProblem[] {
  const volumes = Object.entries(settings.volumes);
  return volumes.flatMap(([name, { path: brick }], index): readonly InventoryProblem[] => {
    const path = ['glusterfs', 'volumes', name, 'path'];
    const error = (message: string, hint: string): InventoryProblem => ({
      severity: 'error',
      path,
      message,
      hint,
    });
    const hint = 'use a separate directory for each volume, such as /srv/gluster/NAME';
    const other = volumes
      .slice(0, index)
      .find(([, { path: taken }]) => isUnder(brick, taken) || isUnder(taken, brick));
    const under = volumes.find(([, { mount }]) => isUnder(brick, mount) || isUnder(mount, brick));
    return [
      ...(other ? [error(`${brick} overlaps the brick of ${other[0]}`, hint)] : []),
      ...(under ? [error(`${brick} overlaps the mount point of ${under[0]}`, hint)] : []),
    ];
  });
}

/** Whether a path equals another one or is inside it. */
export function isUnder(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`);
}

/** A mount point and its place in the inventory. */
export interface MountPoint {
  readonly path: InventoryProblem['path'];
  /** What is mounted, as a message names it. */
  readonly what: string;
  readonly mount: string;
  readonly hosts: readonly Host[];
}

/** Mount points used twice on a host, each reported at its second use. */
export function mountConflicts(points: readonly MountPoint[]): readonly InventoryProblem[] {
  return points.flatMap((point, index): readonly InventoryProblem[] => {
    const other = points
      .slice(0, index)
      .find(({ mount, hosts }) => mount === point.mount && hosts.some((host) => point.hosts.includes(host)));
    if (!other) return [];
    return [
      {
        severity: 'error',
        path: point.path,
        message: `${other.what} is already mounted at ${point.mount}`,
        hint: 'use different mount points',
      },
    ];
  });
}
