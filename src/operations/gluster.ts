/** GlusterFS: what a playbook and `osha status` use of it. */
export { pool, volume, type StorageOptions } from './gluster/cluster.ts';
export { healthy } from './gluster/health.ts';
export type { Volume } from './gluster/observe.ts';
