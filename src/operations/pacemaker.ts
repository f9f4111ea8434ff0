export { cluster, CLUSTER_USER, type ClusterOptions } from './pacemaker/formation.ts';
export { healthy, vipResource } from './pacemaker/health.ts';
export { password } from './pacemaker/password.ts';
export { noPlaceholder } from './pacemaker/placeholder.ts';
export { resources, type DesiredResource, type DesiredResources } from './pacemaker/resources.ts';
