import type { Inventory, Vip } from 'osha';
import { vipsOf } from '../haproxy/vips.ts';
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
function tlsOf(inventory: Inventory, vip: Vip): { readonly certificate?: string } | undefined {
  const haproxy = inventory.settings['haproxy'] as
    { readonly tls?: Readonly<Record<string, { readonly certificate?: string }>> } | undefined;
  return haproxy?.tls?.[vip.name];
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

/** The VIP of that name that HAProxy listens on, or else the first. Throws where there is none: the playbooks' own checks come before. */
export function vipNamed(inventory: Inventory, name: string): Vip {
  const vips = vipsOf(inventory);
  const vip = vips.find((one) => one.name === name) ?? vips[0];
  if (!vip) throw new Error('OpenStack needs a virtual IP');
  return vip;
}

/** The VIP at which the users of a cloud find it: `api`. */
export function publicVip(inventory: Inventory): Vip {
  return vipNamed(inventory, 'api');
}

/**
 * The VIP at which the services find each other: `internal` where there is one, for hosts that are not in the users'
 * network; else the users' own.
 */
export function internalVip(inventory: Inventory): Vip {
  return vipsOf(inventory).find(({ name }) => name === 'internal') ?? publicVip(inventory);
}

/** The services of a cloud at a VIP of its inventory. */
export function endpointsAt(inventory: Inventory, vip: Vip): Endpoints {
  const scheme = speaksTls(inventory, vip) ? 'https' : 'http';
  const root = (service: ServiceName): string => `${scheme}://${vip.address}:${SERVICES[service].port}`;
  return { vip, scheme, root, url: (service) => `${root(service)}${SERVICES[service].path}` };
}
