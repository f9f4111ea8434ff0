export {
  cloneOf,
  type DesiredConstraint,
  type DesiredFence,
  type DesiredGroup,
  type DesiredResource,
  type DesiredResources,
} from './pacemaker/desired.ts';
export { fenceAgents } from './pacemaker/fence-agents.ts';
export { cluster, CLUSTER_USER, type ClusterOptions } from './pacemaker/formation.ts';
export { handedOver } from './pacemaker/handover.ts';
export { membersRun } from './pacemaker/member.ts';
export { healthy, vipResource, type HealthOptions } from './pacemaker/health.ts';
export { password } from './pacemaker/password.ts';
export { noPlaceholder } from './pacemaker/placeholder.ts';
export { ready } from './pacemaker/ready.ts';
export { recognised, type RecognitionOptions } from './pacemaker/recognition.ts';
export { resources } from './pacemaker/resources.ts';
export type { Transport } from './pacemaker/transport.ts';
