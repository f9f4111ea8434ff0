/** RabbitMQ: what a playbook, `osha status` and `osha recover` use of it. */
export { members, type MembersOptions } from './rabbitmq/cluster.ts';
export { healthy } from './rabbitmq/health.ts';
export { nodeOf, type Permissions } from './rabbitmq/observe.ts';
export { policy, policyAbsent, type PolicyOptions } from './rabbitmq/policy.ts';
export { user, userAbsent, type UserOptions } from './rabbitmq/user.ts';
