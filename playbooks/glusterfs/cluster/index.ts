/** GlusterFS: what a playbook and `osha status` use of it. */
export { pool, volume, type StorageOptions } from './cluster.ts';
export type { Volume } from './observe.ts';
