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
import { settingsOf as glusterfsSettings } from '../glusterfs/settings.ts';
import { settingsOf as nfsSettings } from '../nfs/settings.ts';

/** Where a compute host keeps its servers' disks. */
export const INSTANCES = '/var/lib/nova/instances';

interface Shared {
  readonly mount: string;
  readonly on: readonly string[];
}

/** Whether all of these hosts mount the same GlusterFS volume or NFS share at the folder. */
export function isShared(folder: string, hosts: readonly Host[], inventory: Inventory): boolean {
  return sharesOf(inventory).some(({ mount, on }) => {
    const clients = chosenHosts(on, inventory.hosts).map(({ name }) => name);
    return mount === folder && hosts.every(({ name }) => clients.includes(name));
  });
}

/** The host's shared mount points that contain the folder or lie below it. */
export function mountsAt(folder: string, host: Host, inventory: Inventory): readonly string[] {
  const covers = (outer: string, inner: string): boolean => inner === outer || inner.startsWith(`${outer}/`);
  return sharesOf(inventory).flatMap(({ mount: where, on }) => {
    if (!chosenHosts(on, inventory.hosts).includes(host)) return [];
    return covers(where, folder) || covers(folder, where) ? [where] : [];
  });
}

/** The drop-in that lists the mounts a unit requires. */
export function mountsDropIn(unit: string): string {
  return `/etc/systemd/system/${unit}.service.d/60-osha-mounts.conf`;
}

/**
 * Keeps a unit with data in `folder` from starting while a shared mount there is missing: it would write to the local
 * folder, and the mount would hide that data later. Once the mount comes up, the unit starts with it, unless a cluster
 * manager decides where it runs.
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

/** All shared storage of an inventory: GlusterFS volumes and NFS shares. */
function sharesOf(inventory: Inventory): readonly Shared[] {
  return [
    ...Object.values(glusterfsSettings(inventory).volumes),
    ...Object.values(nfsSettings(inventory).shares),
  ];
}
