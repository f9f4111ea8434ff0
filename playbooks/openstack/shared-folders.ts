import type { Inventory } from 'osha';

/** Mount points of folders that are the same on every host that has them: volumes of GlusterFS, shares by NFS. */
export function sharedFolders(inventory: Inventory): ReadonlySet<string> {
  const { glusterfs, nfs } = inventory.settings as {
    readonly glusterfs?: { readonly volumes?: Readonly<Record<string, { readonly mount?: string }>> };
    readonly nfs?: { readonly shares?: Readonly<Record<string, { readonly mount?: string }>> };
  };
  const all = [...Object.values(glusterfs?.volumes ?? {}), ...Object.values(nfs?.shares ?? {})];
  return new Set(all.flatMap(({ mount }) => (mount === undefined ? [] : [mount])));
}
