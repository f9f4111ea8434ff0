import { text } from 'osha';
import type { Frontend, FrontendServer, Host, Secret, SecretText, Vip } from 'osha';

/** The port of the page that shows the state of every server. */
export const STATS_PORT = 1080;

/** The path that answers 200 without a password as long as HAProxy itself is well. */
export const ALIVE_PATH = '/alive';

/** Where a running HAProxy answers questions. */
export const ADMIN_SOCKET = '/run/haproxy/admin.sock';

export interface HaproxyInput {
  readonly host: Host;
  readonly vips: readonly Vip[];
  readonly frontends: readonly Frontend[];
  readonly statsPassword: Secret;
  readonly maxConnections: number;
}

/** The VIP that a frontend is reached at: the one that it names, or the first of the inventory. */
export function vipOf(frontend: Frontend, vips: readonly Vip[]): Vip | undefined {
  return vips.find((vip) => vip.name === frontend.vip) ?? vips[0];
}

/** The frontends that a host can be reached at, because it can hold their virtual IP. */
export function frontendsOn(
  host: Pick<Host, 'name'>,
  frontends: readonly Frontend[],
  vips: readonly Vip[],
): readonly Frontend[] {
  return frontends.filter((frontend) => vipOf(frontend, vips)?.holders.includes(host.name));
}

/** Numbers of the guides: looked at every 2 s, down after 5 failures, up again after 2 successes. */
const CHECK = 'inter 2000 rise 2 fall 5';

function serverLine(frontend: Frontend, server: FrontendServer, index: number): string {
  const single = frontend.active === 'single';
  return [
    `server ${server.host} ${server.address}:${server.port} check`,
    ...(frontend.check?.port === undefined ? [] : [`port ${frontend.check.port}`]),
    CHECK,
    ...(single && index > 0 ? ['backup'] : []),
    // Clients of a server that went away have to come again, and find the next one.
    ...(single ? ['on-marked-down shutdown-sessions'] : []),
    // Once the first server is back, nobody may stay on a backup: two would be written to.
    ...(single && index === 0 ? ['on-marked-up shutdown-backup-sessions'] : []),
  ].join(' ');
}

function section(frontend: Frontend, vip: Vip): string {
  const idle = frontend.idleTimeoutMs;
  const lines = [
    `bind ${vip.address}:${frontend.port}`,
    `mode ${frontend.mode}`,
    `balance ${frontend.balance}`,
    ...(frontend.mode === 'http' ? ['option httplog', 'option forwardfor'] : ['option tcplog']),
    ...(frontend.check?.httpPath === undefined ? [] : [`option httpchk GET ${frontend.check.httpPath}`]),
    ...(idle === undefined ? [] : [`timeout client ${idle}ms`, `timeout server ${idle}ms`]),
    ...frontend.servers.map((server, index) => serverLine(frontend, server, index)),
  ];
  return `listen ${frontend.name}\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

/** `haproxy.cfg` of one host. The virtual IPs that it can hold are bound, whether it holds them just now or not. */
export function haproxyConf({
  host,
  vips,
  frontends,
  statsPassword,
  maxConnections,
}: HaproxyInput): SecretText {
  const own = vips.filter((vip) => vip.holders.includes(host.name));
  const sections = frontendsOn(host, frontends, vips).flatMap((frontend) => {
    const vip = vipOf(frontend, vips);
    return vip ? [section(frontend, vip)] : [];
  });
  const statsAddresses = [...new Set([host.address, '127.0.0.1', ...own.map((vip) => vip.address)])];
  return text`# Placed by osha.
global
    log /dev/log local0
    chroot /var/lib/haproxy
    user haproxy
    group haproxy
    maxconn ${maxConnections}
    stats socket ${ADMIN_SOCKET} mode 600 level admin
    stats timeout 30s

defaults
    log global
    option dontlognull
    option redispatch
    option tcpka
    retries 3
    timeout connect 10s
    timeout client 1m
    timeout server 1m
    timeout queue 1m
    timeout check 10s
    timeout http-request 10s

listen stats
    mode http
${statsAddresses.map((address) => `    bind ${address}:${STATS_PORT}`)}
    monitor-uri ${ALIVE_PATH}
    stats enable
    stats uri /
    stats refresh 10s
    stats auth osha:${statsPassword}

${sections}`;
}
