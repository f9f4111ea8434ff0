import { z } from 'zod';
import { settingsReader } from 'osha';

const port = z.int().min(1).max(65535);
const hostName = z
  .string()
  .regex(/^[a-z0-9*]([a-z0-9.-]*[a-z0-9])?$/, 'a host name: lowercase letters, digits, dots and dashes');

const ownFrontend = z.strictObject({
  vip: z.string().describe('Name of its virtual IP.'),
  port: port.describe('Port that clients connect to.'),
  mode: z
    .enum(['http', 'tcp'])
    .default('http')
    .describe('http understands requests and terminates TLS; tcp passes bytes through.'),
  balance: z
    .enum(['source', 'leastconn', 'roundrobin'])
    .default('source')
    .describe('How clients are distributed over the servers.'),
  active: z
    .enum(['all', 'single'])
    .default('all')
    .describe('Whether all servers are used, or the first healthy one, with the others as backups.'),
  servers: z
    .array(z.string())
    .default([])
    .describe('Roles or hosts that the service runs on; the first is preferred.'),
  server_port: port.optional().describe('Port of the service itself; default: the same port.'),
  check_path: z
    .string()
    // Without characters that HAProxy treats as comments, quotes, escapes or variables.
    .regex(/^\/[\w.~!&()*+,;=:@%/?-]*$/, 'a path such as /healthcheck, without # " \' \\\\ $')
    .optional()
    .describe('A server is up while this path answers; default: while its port accepts connections.'),
  check_port: port.optional().describe('Port for health checks, if it is not the port of the service.'),
  idle_seconds: z
    .int()
    .min(1)
    .optional()
    .describe('Seconds that a connection may be idle; default: one minute.'),
  redirect_to_https: z
    .boolean()
    .default(false)
    .describe(
      'Redirect every client of this port, which is plain HTTP and has no servers, to HTTPS on port 443.',
    ),
});

const vipTls = z.strictObject({
  certificate: z
    .string()
    .min(1)
    .optional()
    .describe(
      "File of a certificate, PEM, relative to this inventory; default: a certificate by osha's own CA.",
    ),
  key: z.string().min(1).optional().describe("File of the certificate's key, PEM, mode 600."),
  names: z.array(hostName).optional().describe('Additional names for a certificate by osha.'),
  days: z
    .int()
    .min(1)
    .max(825)
    .optional()
    .describe('Days that a certificate by osha is valid; default: 397.'),
  renew_days: z
    .int()
    .min(1)
    .optional()
    .describe('A deployment renews it from this many days before it expires; default: 30.'),
  hsts_seconds: z
    .int()
    .min(1)
    .optional()
    .describe('Seconds for which browsers use only HTTPS (HSTS); default: not set.'),
});

/** The `haproxy` key of an inventory. */
export const settings = z.strictObject({
  max_connections: z.int().min(100).default(4000).describe('Concurrent connections on each host.'),
  internal_vip: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Name of the virtual IP for what only services use (database, broker, metadata of servers); default: "internal", or else the first that users do not use.',
    ),
  tls: z
    .record(z.string(), vipTls)
    .default({})
    .describe('Virtual IPs that use TLS on every http port, by name; {} for a certificate by osha.'),
  frontends: z
    .record(z.string(), ownFrontend)
    .default({})
    .describe('Services of your own behind HAProxy, by name.'),
});

export type HaproxySettings = z.output<typeof settings>;

/** Reads the `haproxy` key of an inventory. */
export const settingsOf = settingsReader('haproxy', settings);

export type OwnFrontend = z.output<typeof ownFrontend>;
export type VipTls = z.output<typeof vipTls>;
