import type { Frontend, Host, Inventory, Platform, Vip } from 'osha';
import type * as openstack from './operations/index.ts';
import { internalVip, publicVip } from './endpoints.ts';
import { SERVICES, type ServiceName } from './services.ts';
import type { Site } from './site.ts';
import { apiUnit } from './units.ts';

interface ApiContext {
  readonly inventory: Inventory;
  /** Those that run it. */
  readonly hosts: readonly Host[];
  readonly platform: Platform;
}

/**
 * What stands behind the virtual IPs for a service: its API on every host that runs it. Where the services find each other
 * at a virtual IP of their own, it stands behind both.
 */
export function apiFrontends(
  service: ServiceName,
  { inventory, hosts, platform }: ApiContext,
): readonly Frontend[] {
  const { name, port } = SERVICES[service];
  const [users, services] = [publicVip(inventory), internalVip(inventory)];
  const at = (vip: Vip, called: string): Frontend => ({
    ...httpFrontend(called, port, hosts, vip),
    // The port alone is open before the service can answer.
    check: { httpPath: '/' },
    unit: apiUnit(service, platform),
  });
  return users.name === services.name
    ? [at(users, name)]
    : [at(users, name), at(services, `${name}-${services.name}`)];
}

/** The same for what is no API of the catalogue: it is up where its port is open. */
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

/** Logging in as the administrator at the virtual IP, and where that fails at one of the hosts themselves. */
export function adminSession(site: Site): openstack.ApiSession {
  const { port, path } = SERVICES.identity;
  return {
    authUrl: site.internal.url('identity'),
    otherUrls: site.control.map(({ address }) => `http://${address}:${port}${path}`),
    user: 'admin',
    project: 'admin',
    password: site.adminPassword,
    ...(site.ca === undefined ? {} : { ca: site.ca }),
  };
}
