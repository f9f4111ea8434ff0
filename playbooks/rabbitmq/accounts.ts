import { type rabbitmq, type SecretRule, token } from 'osha';
import type { RabbitmqSettings } from './settings.ts';

/** The account of OpenStack's services. */
export const SERVICE_USER = 'openstack';

/** Every queue but those that a client names itself for its own answers. */
export const MIRRORED = 'ha-all';
export const MIRRORED_PATTERN = '^(?!amq\\.).*';

/** The secret that is the password of a user that the inventory names. */
export function passwordName(user: string): string {
  return `rabbitmqUser-${user}`;
}

/** A password for each user that the inventory names. */
export function userSecrets({
  users,
}: Pick<RabbitmqSettings, 'users'>): Readonly<Record<string, SecretRule>> {
  return Object.fromEntries(
    Object.keys(users).map((name) => [passwordName(name), token(`Password of RabbitMQ's user ${name}`)]),
  );
}

/** Everything that has a place in the broker: the services' own, and what the inventory names. */
export function namedBy({
  vhosts,
  users,
  policies,
}: Pick<RabbitmqSettings, 'vhosts' | 'users' | 'policies'>): rabbitmq.Named {
  return {
    vhosts: ['/', ...vhosts],
    users: new Map([
      [SERVICE_USER, ['/']],
      ...Object.entries(users).map(
        ([name, { permissions }]) => [name, Object.keys(permissions)] as [string, readonly string[]],
      ),
    ]),
    policies: [
      { vhost: '/', name: MIRRORED },
      ...Object.entries(policies).map(([name, { vhost }]) => ({ vhost, name })),
    ],
  };
}
