import {
  type Frontend,
  type FrontendServer,
  type Host,
  type Secret,
  type SecretText,
  text,
  type Vip,
} from 'osha';

/** Admin socket of a running HAProxy. */
export const ADMIN_SOCKET = '/run/haproxy/admin.sock';

/** Port of the statistics page. */
export const STATS_PORT = 1080;

/** Path on that port that answers 200 without a password while HAProxy itself works. */
export const ALIVE_PATH = '/alive';

/** Port of HTTPS, which answers on every virtual IP with TLS. */
export const HTTPS_PORT = 443;

export interface HaproxyInput {
  /** The deployment's name. */
  readonly deployment: string;
  readonly host: Host;
  readonly vips: readonly Vip[];
  /** Each at a virtual IP of `vips`. */
  readonly frontends: readonly Frontend[];
  /** By name of the virtual IP; only those with TLS. */
  readonly tls: ReadonlyMap<string, TlsBinding>;
  readonly statsPassword: Secret;
  readonly maxConnections: number;
}

/** `haproxy.cfg` of one host. It binds all virtual IPs that the host can hold, even while another host holds them. */
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

/** Frontends of the virtual IPs that a host can hold. */
export function frontendsOn(
  host: Pick<Host, 'name'>,
  frontends: readonly Frontend[],
  vips: readonly Vip[],
): readonly Frontend[] {
  const own = vips.filter((vip) => vip.holders.includes(host.name)).map((vip) => vip.name);
  return frontends.filter((frontend) => own.includes(frontend.vip));
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

/** A section of `haproxy.cfg` as text. */
function listen(name: string, lines: readonly string[]): string {
  return `listen ${name}\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

function serverLine(frontend: Frontend, server: FrontendServer, index: number): string {
  const single = frontend.active === 'single';
  return [
    `server ${server.host} ${server.address}:${server.port} check`,
    ...(frontend.check?.port === undefined ? [] : [`port ${frontend.check.port}`]),
    frontend.check?.httpPath !== undefined && frontend.check.port === undefined ? CHECK_PAGE : CHECK,
    ...(single && index > 0 ? ['backup'] : []),
    // Clients of a failed server have to reconnect, and get the next one.
    ...(single ? ['on-marked-down shutdown-sessions'] : []),
    // Once the first server is back, no client may stay on a backup: both would take writes.
    ...(single && index === 0 ? ['on-marked-up shutdown-backup-sessions'] : []),
  ].join(' ');
}

/**
 * Health check intervals. Checks of a port, or of an endpoint made for checks, cost nothing: every 2 s, as the guides
 * recommend. A page of an API costs work, for each of three HAProxies: half as often. After a failed check the next
 * follows in a second, so a server is out as fast as with checks every 2 s and `fall 5`: within 10 s if its port is
 * closed, within 20 s if its host is gone, because HAProxy waits `inter` for a connection.
 */
const CHECK = 'inter 2s fastinter 1s downinter 2s rise 2 fall 5';
const CHECK_PAGE = 'inter 4s fastinter 1s downinter 2s rise 2 fall 3';

/** HAProxy's TLS settings for one virtual IP. */
interface TlsBinding {
  /** Parameters after the address of a `bind`. */
  readonly bind: string;
  /** Rules that set headers for servers and browsers. */
  readonly headers: readonly string[];
}

/** TLS on every http frontend of a virtual IP, with the certificate and key in the file at `path`. */
export function tlsBinding(path: string, hstsSeconds: number | undefined): TlsBinding {
  return {
    bind: `ssl crt ${path}`,
    headers: [
      'http-request set-header X-Forwarded-Proto https',
      ...(hstsSeconds === undefined
        ? []
        : [`http-response set-header Strict-Transport-Security max-age=${hstsSeconds}`]),
    ],
  };
}

interface TlsPage {
  readonly name: string;
  readonly lines: readonly string[];
}

interface PageOptions {
  readonly deployment: string;
  readonly vip: Vip;
  readonly binding: TlsBinding;
  /** Ports of the virtual IP that frontends use. */
  readonly ports: readonly number[];
}

/**
 * Section for port 443 of a virtual IP while no frontend uses it: a page that proves TLS from end to end. Its name is
 * not valid for a frontend.
 */
function tlsPage({ deployment, vip, binding, ports }: PageOptions): readonly TlsPage[] {
  if (ports.includes(HTTPS_PORT)) return [];
  const lines = [
    `bind ${vip.address}:${HTTPS_PORT} ${binding.bind}`,
    'mode http',
    'option httplog',
    ...binding.headers.filter((header) => header.startsWith('http-response')),
    `http-request return status 200 content-type text/plain string "${deployment}: virtual IP ${vip.name}\\n"`,
  ];
  return [{ name: `tls_${vip.name}`, lines }];
}

const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

const CIPHERSUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/**
 * TLS versions and ciphers: Mozilla's "intermediate" recommendation without those that need Diffie-Hellman parameters.
 */
const MODERN_TLS = `    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
    ssl-default-bind-ciphers ${CIPHERS.join(':')}
    ssl-default-bind-ciphersuites ${CIPHERSUITES.join(':')}`;
