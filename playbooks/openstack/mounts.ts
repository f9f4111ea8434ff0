import {
  chosenHosts,
  file,
  type Host,
  type Inventory,
  mount,
  type Operation,
  type Takeover,
  takeoverOf,
} from 'osha';
import { sharesOf } from './shared-folders.ts';

/** Where a compute host keeps the disks of its servers. */
export const INSTANCES = '/var/lib/nova/instances';

/** Mount points of a host that a folder lies on, or that lie in it. */
export function mountsAt(folder: string, host: Host, inventory: Inventory): readonly string[] {
  const covers = (outer: string, inner: string): boolean => inner === outer || inner.startsWith(`${outer}/`);
  return sharesOf(inventory).flatMap(({ mount: where, on }) => {
    if (!chosenHosts(on, inventory.hosts).includes(host)) return [];
    return covers(where, folder) || covers(folder, where) ? [where] : [];
  });
}

/** Where it is written what a unit has to have mounted. */
export function mountsDropIn(unit: string): string {
  return `/etc/systemd/system/${unit}.service.d/60-osha-mounts.conf`;
}

/**
 * A unit that keeps its data in `folder` does not start while something that is shared there is not mounted: it would
 * write to the local folder below, and the mount would hide that later. It starts as soon as a later attempt mounts it,
 * unless a cluster manager decides where it runs.
 */
export function needsMounts(
  unit: string,
  folder: string,
  host: Host,
  { inventory, takeovers }: { readonly inventory: Inventory; readonly takeovers: readonly Takeover[] },
): readonly Operation[] {
  const points = mountsAt(folder, host, inventory);
  const path = mountsDropIn(unit);
  if (points.length === 0) return [file.absent(path)];
  const starts = takeoverOf(takeovers, unit, host.name) ? [] : points;
  return [
    file.content(path, {
      content: `# Placed by osha.\n[Unit]\nRequiresMountsFor=${[folder, ...points].join(' ')}\n`,
    }),
    ...starts.map((where) =>
      file.content(`/etc/systemd/system/${mount.mountUnitOf(where)}.d/60-osha-${unit}.conf`, {
        content: `# Placed by osha. A unit that waited for this mount starts with it.\n[Unit]\nWants=${unit}.service\n`,
      }),
    ),
  ];
}
