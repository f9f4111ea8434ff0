/** MariaDB Galera: what a playbook, `osha status` and `osha recover` use of it. */
export { cluster, type ClusterOptions } from './galera/cluster.ts';
export { healthy } from './galera/health.ts';
export { recognised } from './galera/recognised.ts';
export { healthAccount, healthSystemUser } from './galera/health-account.ts';
