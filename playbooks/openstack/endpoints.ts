import {
  type Inventory,
  type Vip,
  file,
  type Host,
  type Operation,
  type Platform,
  type Secret,
  type Frontend,
} from 'osha';
import { settingsOf, type VipTls } from '../haproxy/settings.ts';
import { servicesVip, usersVip, vipsOf } from '../haproxy/vips.ts';
import { SERVICES, type ServiceName } from './services.ts';
import { authorityOf } from '../haproxy/tls.ts';
import { cloudHosts, apiUnit } from './hosts.ts';

/**
 * The phases that hold virtual IPs; an inventory has one of them or both. Every phase that uses a virtual IP needs them,
 * or it would be deployed against an address that no host holds.
 */
export const HOLDS_VIPS = ['keepalived', 'pacemaker'] as const;

/** The APIs of all services at one virtual IP. */
export interface Endpoints {
  readonly vip: Vip;
  readonly scheme: 'http' | 'https';
  /** The URL of a service, with the path of its endpoint. */
  url(service: ServiceName): string;
  /** The URL of a service without a path. */
  root(service: ServiceName): string;
}

/** The VIP of the public endpoints. */
export function publicVip(inventory: Inventory): Vip {
  return requiredVip(usersVip(inventory));
}

/**
 * The VIP of the internal endpoints, through which services call each other: the one named by `haproxy.internal_vip`
 * (default `internal`), for hosts outside the users' network; without it, the public VIP.
 */
export function internalVip(inventory: Inventory): Vip {
  const name = settingsOf(inventory).internal_vip ?? 'internal';
  return vipsOf(inventory).find((vip) => vip.name === name) ?? publicVip(inventory);
}

/** The VIP at which Neutron's agents reach Nova's metadata API; not for users. */
export function metadataVip(inventory: Inventory): Vip {
  return requiredVip(servicesVip(inventory));
}

/** Returns the VIP. Throws if there is none, which validation reports first. */
export function requiredVip(vip: Vip | undefined): Vip {
  if (!vip) throw new Error('OpenStack needs a virtual IP');
  return vip;
}

/** The endpoints of all services at a VIP. */
export function endpointsAt(inventory: Inventory, vip: Vip): Endpoints {
  const scheme = speaksTls(inventory, vip) ? 'https' : 'http';
  const root = (service: ServiceName): string => `${scheme}://${vip.address}:${SERVICES[service].port}`;
  return { vip, scheme, root, url: (service) => `${root(service)}${SERVICES[service].path}` };
}

interface ApiContext {
  readonly inventory: Inventory;
  /** The hosts that run the API. */
  readonly hosts: readonly Host[];
  readonly platform: Platform;
}

/**
 * The frontends of a service's API, with every host that runs it as a backend. With a separate internal VIP there are
 * two frontends, one on each VIP.
 */
export function apiFrontends(
  service: ServiceName,
  { inventory, hosts, platform }: ApiContext,
): readonly Frontend[] {
  const { name, port } = SERVICES[service];
  const [users, services] = [publicVip(inventory), internalVip(inventory)];
  const at = (vip: Vip, called: string): Frontend => ({
    ...httpFrontend(called, port, hosts, vip),
    // The port opens before the service can answer.
    check: { httpPath: '/' },
    unit: apiUnit(service, platform),
  });
  return users.name === services.name
    ? [at(users, name)]
    : [at(users, name), at(services, `${name}-${services.name}`)];
}

/** A frontend of an HTTP service outside the catalogue: a backend is up when its port is open. */
export function httpFrontend(name: string, port: number, hosts: readonly Host[], vip: Vip): Frontend {
  return {
    name,
    vip: vip.name,
    port,
    mode: 'http',
    balance: 'source',
    active: 'all',
    servers: hosts.map((host) => ({ host: host.name, address: host.address, port })),
    later: true,
  };
}

/** Whether HAProxy terminates TLS on a VIP. */
export function speaksTls(inventory: Inventory, vip: Vip): boolean {
  return tlsOf(inventory, vip) !== undefined;
}

/** Whether a VIP has a certificate of osha's own CA. The operator's own certificates are left to the system's trust store. */
export function needsAuthority(inventory: Inventory, vip: Vip): boolean {
  const own = tlsOf(inventory, vip);
  return own !== undefined && own.certificate === undefined;
}

/** Hosts whose services connect to endpoints with certificates of osha's CA; empty if there are none. */
export function trustingHosts(inventory: Inventory): readonly Host[] {
  return needsCa(inventory) ? cloudHosts(inventory) : [];
}

/** Places the certificate of osha's CA on a host; undefined if no service needs it. */
export function authorityFile(context: {
  readonly inventory: Inventory;
  readonly secrets: Readonly<Partial<Record<string, Secret>>>;
  readonly platform: Platform;
}): Operation | undefined {
  const { inventory, secrets, platform } = context;
  if (!needsCa(inventory)) return undefined;
  const authority = authorityOf(inventory, settingsOf(inventory), secrets['tlsAuthority']);
  return authority && file.content(platform.paths.authority, { content: authority.certificate });
}

/** The TLS settings of a VIP; undefined if HAProxy does not terminate TLS there. */
function tlsOf(inventory: Inventory, vip: Vip): VipTls | undefined {
  return settingsOf(inventory).tls[vip.name];
}

/** Whether a VIP that services use has a certificate of osha's CA. */
function needsCa(inventory: Inventory): boolean {
  const vips = [usersVip(inventory) && internalVip(inventory), servicesVip(inventory)];
  return vips.some((vip) => vip !== undefined && needsAuthority(inventory, vip));
}
