import type { Frontend, Host, openstack, Platform } from 'osha';
import { SERVICES, type ServiceName } from './services.ts';
import type { Site } from './site.ts';
import { apiUnit } from './units.ts';

/** What stands behind the virtual IP for a service: its API on every host that runs it. */
export function apiFrontend(service: ServiceName, hosts: readonly Host[], platform: Platform): Frontend {
  const { name, port } = SERVICES[service];
  // The port alone is open before the service can answer.
  const check = { httpPath: '/' };
  return { ...httpFrontend(name, port, hosts), check, unit: apiUnit(service, platform) };
}

/** The same for what is no API of the catalogue: it is up where its port is open. */
export function httpFrontend(name: string, port: number, hosts: readonly Host[]): Frontend {
  return {
    name,
    vip: 'api',
    port,
    mode: 'http',
    balance: 'source',
    active: 'all',
    servers: hosts.map((host) => ({ host: host.name, address: host.address, port })),
    later: true,
  };
}

/** Logging in as the administrator through the virtual IP, and where that fails at one of the hosts themselves. */
export function adminSession(site: Site): openstack.ApiSession {
  const { port, path } = SERVICES.identity;
  return {
    authUrl: site.url('identity'),
    otherUrls: site.control.map(({ address }) => `http://${address}:${port}${path}`),
    user: 'admin',
    project: 'admin',
    password: site.adminPassword,
    ...(site.ca === undefined ? {} : { ca: site.ca }),
  };
}
