/** RabbitMQ: the contents of a broker, and the one probe that observes a node and its cluster. */
export {
  credentialsOf,
  policy,
  policyAbsent,
  user,
  userAbsent,
  vhost,
  type PolicyOptions,
  type UserOptions,
} from './rabbitmq/contents.ts';
export { inWords } from './rabbitmq/made.ts';
export {
  CLUSTER,
  observeNode,
  type AskOptions,
  type NodeObservation,
  type NodeStatus,
  type Permissions,
} from './rabbitmq/observe.ts';
export {
  aliveScript,
  askScript,
  dataScript,
  nodeOf,
  PRELUDE,
  silenceOf,
  type Silence,
} from './rabbitmq/scripts.ts';
export { foreign, leftOver, unnamedAbsent, type Named } from './rabbitmq/unnamed.ts';
