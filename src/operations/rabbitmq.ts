/** RabbitMQ: what a playbook, `osha status` and `osha recover` use of it. */
export { nodeOf } from './rabbitmq/asking.ts';
export { members, type MembersOptions } from './rabbitmq/cluster.ts';
export { cookieFile, cookieTaken, type CookieOptions } from './rabbitmq/cookie.ts';
export { healthy } from './rabbitmq/health.ts';
export { type AskOptions, type Permissions } from './rabbitmq/observe.ts';
export { policy, policyAbsent, type PolicyOptions } from './rabbitmq/policy.ts';
export { unnamedAbsent, type Named } from './rabbitmq/unnamed.ts';
export { credentialsOf, user, userAbsent, type UserOptions } from './rabbitmq/user.ts';
export { vhost } from './rabbitmq/vhost.ts';
