import { chosenHosts, type Host, type Inventory } from 'osha';
import { settingsOf as glusterfsSettings } from '../glusterfs/settings.ts';
import { settingsOf as nfsSettings } from '../nfs/settings.ts';

interface Shared {
  readonly mount: string;
  readonly on: readonly string[];
}

/** Everything that an inventory has mounted on several hosts: volumes of GlusterFS, and shares by NFS. */
export function sharesOf(inventory: Inventory): readonly Shared[] {
  return [
    ...Object.values(glusterfsSettings(inventory).volumes),
    ...Object.values(nfsSettings(inventory).shares),
  ];
}

/** Whether a folder is the same on all of these hosts: they mount one volume of GlusterFS, or one share by NFS, there. */
export function isShared(folder: string, hosts: readonly Host[], inventory: Inventory): boolean {
  return sharesOf(inventory).some(({ mount, on }) => {
    const clients = chosenHosts(on, inventory.hosts).map(({ name }) => name);
    return mount === folder && hosts.every(({ name }) => clients.includes(name));
  });
}
