import { file } from 'osha';
import type { Host, Inventory, Operation, Platform, Secret } from 'osha';
import type { HaproxySettings } from '../haproxy/settings.ts';
import { authorityOf } from '../haproxy/tls.ts';
import { vipsOf } from '../haproxy/vips.ts';
import { cloudHosts } from './hosts.ts';
import { internalVip, needsAuthority } from './endpoints.ts';

/** Whether services have to trust osha's own CA, to speak to each other. */
function isNeeded(inventory: Inventory): boolean {
  return vipsOf(inventory).length > 0 && needsAuthority(inventory, internalVip(inventory));
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
  const settings = inventory.settings['haproxy'] as HaproxySettings;
  const authority = authorityOf(inventory, settings, secrets['tlsAuthority']);
  return authority && file.content(platform.paths.authority, { content: authority.certificate });
}
