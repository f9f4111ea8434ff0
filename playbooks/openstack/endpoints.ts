import type { Inventory, Vip } from 'osha';
import { settingsOf, type VipTls } from '../haproxy/settings.ts';
import { servicesVip, usersVip, vipsOf } from '../haproxy/vips.ts';
import { SERVICES, type ServiceName } from './services.ts';

/**
 * The phases that hold virtual IPs. An inventory has one of them or both, and what it has not is not waited for. Whatever
 * reaches a virtual IP, or is configured to, needs them: else it is deployed against an address that no host holds.
 */
export const HOLDS_VIPS = ['keepalived', 'pacemaker'] as const;

/** Where all services of a cloud answer, at one virtual IP. */
export interface Endpoints {
  readonly vip: Vip;
  /** How one speaks to that. */
  readonly scheme: 'http' | 'https';
  /** The URL of a service, with the path of its endpoint. */
  url(service: ServiceName): string;
  /** The same without a path. */
  root(service: ServiceName): string;
}

/** What the inventory says of TLS on a VIP; nothing where HAProxy does not end it there. */
function tlsOf(inventory: Inventory, vip: Vip): VipTls | undefined {
  return settingsOf(inventory).tls[vip.name];
}

/** Whether HAProxy ends TLS on a VIP. */
export function speaksTls(inventory: Inventory, vip: Vip): boolean {
  return tlsOf(inventory, vip) !== undefined;
}

/** Whether it does so with a certificate of osha's own CA. One of the operator's is trusted as the system's own store says. */
export function needsAuthority(inventory: Inventory, vip: Vip): boolean {
  const own = tlsOf(inventory, vip);
  return own !== undefined && own.certificate === undefined;
}

/** Throws where there is none: the playbooks' own checks come before. */
export function requiredVip(vip: Vip | undefined): Vip {
  if (!vip) throw new Error('OpenStack needs a virtual IP');
  return vip;
}

/** The VIP at which the users of a cloud find it. */
export function publicVip(inventory: Inventory): Vip {
  return requiredVip(usersVip(inventory));
}

/**
 * The VIP at which the services find each other's APIs, which users reach as well: `internal`, or the one that the
 * inventory calls so, for hosts that are not in the users' network; else the users' own.
 */
export function internalVip(inventory: Inventory): Vip {
  const name = settingsOf(inventory).internal_vip ?? 'internal';
  return vipsOf(inventory).find((vip) => vip.name === name) ?? publicVip(inventory);
}

/** The VIP at which Neutron's agents find the metadata of servers, which no user may reach. */
export function metadataVip(inventory: Inventory): Vip {
  return requiredVip(servicesVip(inventory));
}

/** The services of a cloud at a VIP of its inventory. */
export function endpointsAt(inventory: Inventory, vip: Vip): Endpoints {
  const scheme = speaksTls(inventory, vip) ? 'https' : 'http';
  const root = (service: ServiceName): string => `${scheme}://${vip.address}:${SERVICES[service].port}`;
  return { vip, scheme, root, url: (service) => `${root(service)}${SERVICES[service].path}` };
}
