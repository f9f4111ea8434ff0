export {
  cloneOf,
  type DesiredConstraint,
  type DesiredFence,
  type DesiredGroup,
  type DesiredResource,
  type DesiredResources,
} from './desired.ts';
export { cluster, CLUSTER_USER, type ClusterOptions } from './formation.ts';
export { handedOver } from './handover.ts';
export { groupResourcesRun } from './group-resources.ts';
export { noPlaceholder } from './placeholder.ts';
export { ready } from './ready.ts';
export { recognised, type RecognitionOptions } from './recognition.ts';
export { resources } from './resources.ts';
export type { Transport } from './transport.ts';
