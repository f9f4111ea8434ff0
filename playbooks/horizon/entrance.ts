import type { Frontend, Host, Inventory } from 'osha';
import { settingsOf } from '../haproxy/settings.ts';
import { publicVip, speaksTls } from '../openstack/endpoints.ts';

/** The port of Apache on each host, and of HAProxy on the virtual IP. */
export const PORT = 80;
const TLS_PORT = 443;

/** The dashboard's path. Debian's package builds its stylesheets and scripts for it. */
export const ROOT = '/horizon/';

/** The login page. It needs no login, no database and no cache. */
export const LOGIN = `${ROOT}auth/login/`;

/** How browsers reach the dashboard. */
export interface Entrance {
  readonly tls: boolean;
  /** Allowed host names and addresses; a leading dot matches all names that end in it. */
  readonly names: readonly string[];
  /** Where requests without a path are redirected. */
  readonly url: string;
}

/** How browsers reach an inventory's dashboard. `own` are names in addition to the virtual IP and the certificate's. */
export function entranceOf(inventory: Inventory, hosts: readonly Host[], own: readonly string[]): Entrance {
  const vip = publicVip(inventory);
  const tls = speaksTls(inventory, vip);
  const certified = (settingsOf(inventory).tls[vip.name]?.names ?? []).map((name) => name.replace(/^\*/, ''));
  const addresses = hosts.map((host) => host.address);
  return {
    tls,
    names: [...new Set([vip.address, ...own, ...certified, ...addresses])],
    url: `${tls ? 'https' : 'http'}://${vip.address}`,
  };
}

/** The dashboard's frontends. With TLS it is on port 443, and port 80 redirects there. */
export function dashboardFrontends(inventory: Inventory, hosts: readonly Host[]): readonly Frontend[] {
  const vip = publicVip(inventory);
  const tls = speaksTls(inventory, vip);
  const common = { vip: vip.name, mode: 'http', balance: 'source', active: 'all' } as const;
  const dashboard: Frontend = {
    ...common,
    name: 'dashboard',
    port: tls ? TLS_PORT : PORT,
    servers: hosts.map((host) => ({ host: host.name, address: host.address, port: PORT })),
    // Redirects to the login page, which takes Django 12 ms of CPU time; rendering that page takes 37 ms.
    check: { httpPath: ROOT },
    later: true,
  };
  return tls
    ? [dashboard, { ...common, name: 'dashboard-plain', port: PORT, servers: [], redirectToHttps: true }]
    : [dashboard];
}
