import type { ResourceKey } from '../playbook/operation.ts';

/** True for resources that all members of a cluster share: a change on one host changes them for all. */
export function isShared(key: ResourceKey): boolean {
  return key.startsWith('cluster:') || key.startsWith('database:');
}

/**
 * True where a change that touches `touched` may alter the answer of a probe that reads `read`: the same resource, one in
 * a directory that is read as a whole, or a cluster and a part of it.
 */
export function concerns(touched: ResourceKey, read: ResourceKey): boolean {
  if (touched === read) return true;
  if (isShared(read)) return read.startsWith(`${touched}/`) || touched.startsWith(`${read}/`);
  return read.endsWith('/') && touched.startsWith(read);
}
