import { file, type Host, type Inventory, type Operation, type Platform, type Secret } from 'osha';
import { settingsOf } from '../haproxy/settings.ts';
import { authorityOf } from '../haproxy/tls.ts';
import { servicesVip, usersVip } from '../haproxy/vips.ts';
import { cloudHosts } from './hosts.ts';
import { internalVip, needsAuthority } from './endpoints.ts';

/** Whether services have to trust osha's own CA, to speak to each other. */
function isNeeded(inventory: Inventory): boolean {
  const vips = [usersVip(inventory) && internalVip(inventory), servicesVip(inventory)];
  return vips.some((vip) => vip !== undefined && needsAuthority(inventory, vip));
}

/** Hosts that have to trust osha's own CA, because their services are its clients: none where nothing is signed by it. */
export function trustingHosts(inventory: Inventory): readonly Host[] {
  return isNeeded(inventory) ? cloudHosts(inventory) : [];
}

/** The CA's certificate on a host, as HAProxy's own hosts have it; nothing where it is not needed. */
export function authorityFile(context: {
  readonly inventory: Inventory;
  readonly secrets: Readonly<Partial<Record<string, Secret>>>;
  readonly platform: Platform;
}): Operation | undefined {
  const { inventory, secrets, platform } = context;
  if (!isNeeded(inventory)) return undefined;
  const authority = authorityOf(inventory, settingsOf(inventory), secrets['tlsAuthority']);
  return authority && file.content(platform.paths.authority, { content: authority.certificate });
}
