/** etcd: what a playbook and `osha status` use of it. */
export { members, recognised } from './etcd/cluster.ts';
export { healthy } from './etcd/health.ts';
export { CLIENT_PORT, clientUrlOf, dropInOf, dropInPathOf, PEER_PORT, peerUrlOf } from './etcd/layout.ts';
