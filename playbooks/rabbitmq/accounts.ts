import {
  type rabbitmq,
  type SecretRule,
  token,
  carried,
  type CarriedSecret,
  type Host,
  type Platform,
} from 'osha';
import type { RabbitmqSettings } from './settings.ts';

/** Account of OpenStack's services. */
export const SERVICE_USER = 'openstack';

/** The policy that mirrors every queue except those that clients name themselves, for replies. */
export const MIRRORED = 'ha-all';
export const MIRRORED_PATTERN = '^(?!amq\\.).*';

/** Name of the secret with the password of a user in the inventory. */
export function passwordName(user: string): string {
  return `rabbitmqUser-${user}`;
}

/** A password for each user in the inventory. */
export function userSecrets({
  users,
}: Pick<RabbitmqSettings, 'users'>): Readonly<Record<string, SecretRule>> {
  return Object.fromEntries(
    Object.keys(users).map((name) => [passwordName(name), token(`Password of RabbitMQ's user ${name}`)]),
  );
}

/** Everything that belongs in the broker: the services' own objects and those of the inventory. */
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

/**
 * Locations of the broker's secrets on its hosts. It keeps only hashes of passwords, so osha keeps a record of them.
 */
export function carriedByBroker({
  hosts,
  settings,
  platform,
}: {
  readonly hosts: readonly Host[];
  readonly settings: RabbitmqSettings;
  readonly platform: Platform;
}): readonly CarriedSecret[] {
  const { rabbitmqCookie: cookie, rabbitmqConf: conf } = platform.paths;
  const recorded = ['rabbitmqOpenstack', ...Object.keys(settings.users).map(passwordName)];
  return [
    // The package generates a cookie, which does not count until the broker is configured.
    { secret: 'erlangCookie', hosts, path: cookie, where: { in: 'file', with: conf } },
    ...recorded.map((secret) => carried.recorded(secret, hosts)),
  ];
}
