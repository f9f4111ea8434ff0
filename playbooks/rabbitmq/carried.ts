import { carried, type CarriedSecret, type Host, type Platform } from 'osha';
import { passwordName } from './accounts.ts';
import type { RabbitmqSettings } from './settings.ts';

/** Where the broker's secrets are found on its hosts. Of passwords it keeps hashes alone, so osha keeps a record. */
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
    // The package makes a cookie of its own, which counts for nothing until the broker is configured.
    { secret: 'erlangCookie', hosts, path: cookie, where: { in: 'file', with: conf } },
    ...recorded.map((secret) => carried.recorded(secret, hosts)),
  ];
}
