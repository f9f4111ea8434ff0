import type { Frontend, Host, Inventory } from 'osha';
import { settingsOf } from '../haproxy/settings.ts';
import { publicVip, speaksTls } from '../openstack/endpoints.ts';

/** Where Apache listens on each host, and HAProxy on the virtual IP. */
export const PORT = 80;
const TLS_PORT = 443;

/** Below which path the dashboard is: Debian's package has its stylesheets and scripts made for it. */
export const ROOT = '/horizon/';

/** The page to log in on. It needs no login, no database and no cache. */
export const LOGIN = `${ROOT}auth/login/`;

/** How the dashboard is reached. */
export interface Entrance {
  readonly tls: boolean;
  /** Names and addresses that it answers to; one that begins with a dot stands for all names that end in it. */
  readonly names: readonly string[];
  /** Where it sends those that come without a path. */
  readonly url: string;
}

/** What an inventory says of the way to the dashboard; `own` are the names that it is given besides the virtual IP. */
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

/** What stands at the virtual IP: with TLS at its usual port, and there whoever comes without it is sent. */
export function dashboardFrontends(inventory: Inventory, hosts: readonly Host[]): readonly Frontend[] {
  const vip = publicVip(inventory);
  const tls = speaksTls(inventory, vip);
  const common = { vip: vip.name, mode: 'http', balance: 'source', active: 'all' } as const;
  const dashboard: Frontend = {
    ...common,
    name: 'dashboard',
    port: tls ? TLS_PORT : PORT,
    servers: hosts.map((host) => ({ host: host.name, address: host.address, port: PORT })),
    // It sends everybody who is not logged in to the login page: Django has to answer, and renders nothing (12 ms of a
    // processor, where the page itself takes 37).
    check: { httpPath: ROOT },
    later: true,
  };
  return tls
    ? [dashboard, { ...common, name: 'dashboard-plain', port: PORT, servers: [], redirectToHttps: true }]
    : [dashboard];
}
