/** MariaDB Galera: what a playbook, `osha status` and `osha recover` use of it. */
export { cluster, type ClusterOptions } from './cluster.ts';
export { recognised } from './recognised.ts';
