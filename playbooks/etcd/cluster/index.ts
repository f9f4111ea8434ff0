/** etcd: what a playbook and `osha status` use of it. */
export { members, recognised } from './cluster.ts';
