import {
  type Frontend,
  type FrontendServer,
  type Host,
  type Secret,
  type SecretText,
  text,
  type Vip,
} from 'osha';
import { MODERN_TLS, tlsPage, type TlsBinding } from './conf-tls.ts';
import { ALIVE_PATH, STATS_PORT } from '../ports.ts';

/** Where a running HAProxy answers questions. */
export const ADMIN_SOCKET = '/run/haproxy/admin.sock';

export interface HaproxyInput {
  /** The deployment's name. */
  readonly deployment: string;
  readonly host: Host;
  readonly vips: readonly Vip[];
  /** Each at a virtual IP of `vips`. */
  readonly frontends: readonly Frontend[];
  /** By the name of the virtual IP; those that speak TLS. */
  readonly tls: ReadonlyMap<string, TlsBinding>;
  readonly statsPassword: Secret;
  readonly maxConnections: number;
}

/** The frontends that a host can be reached at, because it can hold the virtual IP that they name. */
export function frontendsOn(
  host: Pick<Host, 'name'>,
  frontends: readonly Frontend[],
  vips: readonly Vip[],
): readonly Frontend[] {
  const own = vips.filter((vip) => vip.holders.includes(host.name)).map((vip) => vip.name);
  return frontends.filter((frontend) => own.includes(frontend.vip));
}

/**
 * How often a server is checked. A port that accepts, or an endpoint made for being asked, costs nothing: every 2 s, as
 * the guides have it. A page of an API is worked for, by three HAProxies: half as often. Once a check fails, the next
 * follow after a second, so a server is out as soon as by checks every 2 s and down after 5: within 10 s where its port is
 * closed, within 20 s where its host is gone, because HAProxy waits for a connection as long as `inter`.
 */
const CHECK = 'inter 2s fastinter 1s downinter 2s rise 2 fall 5';
const CHECK_PAGE = 'inter 4s fastinter 1s downinter 2s rise 2 fall 3';

function serverLine(frontend: Frontend, server: FrontendServer, index: number): string {
  const single = frontend.active === 'single';
  return [
    `server ${server.host} ${server.address}:${server.port} check`,
    ...(frontend.check?.port === undefined ? [] : [`port ${frontend.check.port}`]),
    frontend.check?.httpPath !== undefined && frontend.check.port === undefined ? CHECK_PAGE : CHECK,
    ...(single && index > 0 ? ['backup'] : []),
    // Clients of a server that went away have to come again, and find the next one.
    ...(single ? ['on-marked-down shutdown-sessions'] : []),
    // Once the first server is back, nobody may stay on a backup: two would be written to.
    ...(single && index === 0 ? ['on-marked-up shutdown-backup-sessions'] : []),
  ].join(' ');
}

/** A section of `haproxy.cfg` as text. */
function listen(name: string, lines: readonly string[]): string {
  return `listen ${name}\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

function section(frontend: Frontend, vip: Vip, tls: TlsBinding | undefined): string {
  const address = `${vip.address}:${frontend.port}`;
  if (frontend.redirectToHttps) {
    return listen(frontend.name, [
      `bind ${address}`,
      'mode http',
      'option httplog',
      'http-request redirect code 301 location https://%[req.hdr(host),field(1,:)]%[pathq]',
    ]);
  }
  const idle = frontend.idleTimeoutMs;
  const http = frontend.mode === 'http';
  return listen(frontend.name, [
    `bind ${address}${http && tls ? ` ${tls.bind}` : ''}`,
    `mode ${frontend.mode}`,
    `balance ${frontend.balance}`,
    ...(http ? ['option httplog', 'option forwardfor', ...(tls?.headers ?? [])] : ['option tcplog']),
    ...(frontend.check?.httpPath === undefined ? [] : [`option httpchk GET ${frontend.check.httpPath}`]),
    ...(idle === undefined ? [] : [`timeout client ${idle}ms`, `timeout server ${idle}ms`]),
    ...frontend.servers.map((server, index) => serverLine(frontend, server, index)),
  ]);
}

/** `haproxy.cfg` of one host. The virtual IPs that it can hold are bound, whether it holds them just now or not. */
export function haproxyConf(input: HaproxyInput): SecretText {
  const { host, vips, tls, statsPassword, maxConnections } = input;
  const own = vips.filter((vip) => vip.holders.includes(host.name));
  const frontends = frontendsOn(host, input.frontends, vips);
  const sections = frontends.flatMap((frontend) => {
    const vip = own.find(({ name }) => name === frontend.vip);
    return vip ? [section(frontend, vip, tls.get(vip.name))] : [];
  });
  const pages = own.flatMap((vip) => {
    const binding = tls.get(vip.name);
    const ports = frontends.filter((one) => one.vip === vip.name).map((one) => one.port);
    return binding ? tlsPage({ deployment: input.deployment, vip, binding, ports }) : [];
  });
  const statsAddresses = [...new Set([host.address, '127.0.0.1'])];
  const alive = own.map(({ address }) => `bind ${address}:${STATS_PORT}`);
  return text`# Placed by osha.
global
    log 127.0.0.1:514 local0
    chroot /var/lib/haproxy
    user haproxy
    group haproxy
    maxconn ${maxConnections}
    stats socket ${ADMIN_SOCKET} mode 600 level admin
    stats timeout 30s
${own.some((vip) => tls.has(vip.name)) ? `${MODERN_TLS}\n` : ''}
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
    # keepalived and the hosts ask for a sign of life every few seconds.
    no log
${statsAddresses.map((address) => `    bind ${address}:${STATS_PORT}`)}
    monitor-uri ${ALIVE_PATH}
    stats enable
    stats uri /
    stats refresh 10s
    stats auth osha:${statsPassword}
${
  alive.length === 0
    ? []
    : `
# The password of the page above goes to no virtual IP: clients would send it in plain HTTP.
${listen('alive', [...alive, 'mode http', 'no log', `monitor-uri ${ALIVE_PATH}`, 'http-request return status 404'])}`
}
${[...sections, ...pages.map(({ name, lines }) => listen(name, lines))]}`;
}
