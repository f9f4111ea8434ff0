import { type Host, type Inventory, platformIds, platformOf } from 'osha';
import type { RabbitmqSettings } from './settings.ts';

/** The broker's version as two numbers: what the inventory says, else what the operating system's packages bring. */
export function versionOf(
  inventory: Pick<Inventory, 'platform'>,
  settings: Pick<RabbitmqSettings, 'version'>,
): readonly [major: number, minor: number] {
  // A platform that is not known is told elsewhere.
  const known = platformIds.find((id) => id === inventory.platform) ?? platformIds[0] ?? '';
  const [major = 0, minor = 0] = (settings.version ?? platformOf(known).versions.rabbitmq)
    .split('.')
    .map(Number);
  return [major, minor];
}

/** Mirrored queues, which 4.0 no longer has, unless the inventory says otherwise. */
export function queuesOf(
  inventory: Pick<Inventory, 'platform'>,
  settings: Pick<RabbitmqSettings, 'version' | 'queues'>,
): 'mirrored' | 'quorum' {
  return settings.queues ?? (versionOf(inventory, settings)[0] < 4 ? 'mirrored' : 'quorum');
}

/** Names of the hosts whose nodes keep their data in memory; the first keeps it on disc unless it is named itself. */
export function ramHosts(
  hosts: readonly Pick<Host, 'name'>[],
  { nodes }: Pick<RabbitmqSettings, 'nodes'>,
): readonly string[] {
  const names = hosts.map((host) => host.name);
  if (typeof nodes !== 'string') return names.filter((name) => nodes[name] === 'ram');
  return nodes === 'ram' ? names.slice(1) : [];
}
