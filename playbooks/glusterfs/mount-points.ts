import type { Host, InventoryProblem } from 'osha';

/** Something that is mounted, and where the inventory says so. */
export interface MountPoint {
  readonly path: InventoryProblem['path'];
  /** How a sentence names it. */
  readonly what: string;
  readonly mount: string;
  readonly hosts: readonly Host[];
}

/** Mount points that a host has twice; each is told at the later one. */
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
        message: `${point.mount} is where ${other.what} is mounted already`,
        hint: 'give each a mount point of its own',
      },
    ];
  });
}
