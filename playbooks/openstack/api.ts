import type { Frontend, Host, openstack } from 'osha';
import { SERVICES, type ServiceName } from './services.ts';
import type { Site } from './site.ts';

/** What stands behind the virtual IP for a service: its API on every host of the control plane. */
export function apiFrontend(service: ServiceName, hosts: readonly Host[]): Frontend {
  const { name, port } = SERVICES[service];
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

/** Logging in as the administrator, through the virtual IP. */
export function adminSession(site: Site, password: openstack.ApiSession['password']): openstack.ApiSession {
  return {
    authUrl: site.url('identity'),
    user: 'admin',
    project: 'admin',
    password,
    ...(site.ca === undefined ? {} : { ca: site.ca }),
  };
}
