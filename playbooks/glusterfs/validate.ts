import { choiceFault, type Inventory, type InventoryProblem } from 'osha';
import { mountConflicts } from './mount-points.ts';
import type { GlusterfsSettings } from './settings.ts';
import { clientsOf, serversOf } from './storage.ts';

/** More copies than this cost more writes than they are worth; Gluster's own documents stop there. */
const MOST_COPIES = 3;

/** Mistakes that only GlusterFS knows of. */
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

/** What is wrong with a word that should name hosts. */
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
    const message = `${servers.length} servers: every one keeps a copy of each volume, and more than ${MOST_COPIES} only slow writing down`;
    const hint = `name three: servers: [${servers
      .slice(0, MOST_COPIES)
      .map(({ name }) => name)
      .join(', ')}]`;
    return [{ severity: 'error', path, message, hint }];
  }
  if (servers.length === MOST_COPIES) return [];
  const hint = 'take three servers: two that reach each other keep running, and the third catches up';
  const message =
    servers.length === 1
      ? `one server: volumes have one copy, and are gone with ${servers[0]?.name ?? 'it'}`
      : 'two servers have no quorum: where they lose contact, a file can be written on both (split brain)';
  return [{ severity: 'warning', path, message, hint }];
}

/** Bricks of two volumes in one another, or under a mount point. */
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
    const hint = 'give each volume a directory of its own, such as /srv/gluster/NAME';
    const other = volumes
      .slice(0, index)
      .find(([, { path: taken }]) => isUnder(brick, taken) || isUnder(taken, brick));
    const under = volumes.find(([, { mount }]) => isUnder(brick, mount) || isUnder(mount, brick));
    return [
      ...(other ? [error(`${brick} and the brick of ${other[0]} are one in the other`, hint)] : []),
      ...(under ? [error(`${brick} and the mount point of ${under[0]} are one in the other`, hint)] : []),
    ];
  });
}

/** True where a path is another one, or in it. */
export function isUnder(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`);
}
