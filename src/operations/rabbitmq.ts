/** RabbitMQ: what is in a broker, and the one question that it and its cluster are asked. */
export { aliveScript, askScript, nodeOf, PRELUDE, silenceOf, type Silence } from './rabbitmq/asking.ts';
export { dataScript } from './rabbitmq/data.ts';
export { inWords } from './rabbitmq/made.ts';
export {
  CLUSTER,
  observeNode,
  type AskOptions,
  type NodeObservation,
  type NodeStatus,
  type Permissions,
} from './rabbitmq/observe.ts';
export { policy, policyAbsent, type PolicyOptions } from './rabbitmq/policy.ts';
export { foreign, leftOver, unnamedAbsent, type Named } from './rabbitmq/unnamed.ts';
export { credentialsOf, user, userAbsent, type UserOptions } from './rabbitmq/user.ts';
export { vhost } from './rabbitmq/vhost.ts';
