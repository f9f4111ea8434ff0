import { z } from 'zod';
import { settingsReader } from 'osha';

const port = z.int().min(1).max(65535);
const hostName = z
  .string()
  .regex(/^[a-z0-9*]([a-z0-9.-]*[a-z0-9])?$/, 'a host name: small letters, digits, dots and dashes');

const ownFrontend = z.strictObject({
  vip: z.string().describe('The virtual IP that it is reached at, by name.'),
  port: port.describe('The port that clients use.'),
  mode: z
    .enum(['http', 'tcp'])
    .default('http')
    .describe('http understands requests, and is what TLS is ended for; tcp passes bytes on.'),
  balance: z
    .enum(['source', 'leastconn', 'roundrobin'])
    .default('source')
    .describe('How clients are shared out.'),
  active: z
    .enum(['all', 'single'])
    .default('all')
    .describe('Whether all servers are used, or the first that lives with the others as backups.'),
  servers: z
    .array(z.string())
    .default([])
    .describe('Roles, or names of hosts, that the service runs on; the first is preferred.'),
  server_port: port.optional().describe('The port of the service itself; default the same port.'),
  check_path: z
    .string()
    // Without what HAProxy takes for a comment, a quote, an escape or a variable.
    .regex(/^\/[\w.~!&()*+,;=:@%/?-]*$/, 'a path such as /healthcheck, without # " \' \\\\ $')
    .optional()
    .describe('A server is up while this path answers; default: while its port takes a connection.'),
  check_port: port.optional().describe('Where servers are checked, if not where they serve.'),
  idle_seconds: z
    .int()
    .min(1)
    .optional()
    .describe('How long a connection may be silent; default one minute.'),
  redirect_to_https: z
    .boolean()
    .default(false)
    .describe('Send every client of this port, plain HTTP, to https on port 443; it has no servers.'),
});

const vipTls = z.strictObject({
  certificate: z
    .string()
    .min(1)
    .optional()
    .describe("A certificate's file, PEM, relative to this inventory; default: one of a CA that osha makes."),
  key: z.string().min(1).optional().describe("The key's file of that certificate, PEM, mode 600."),
  names: z
    .array(hostName)
    .optional()
    .describe('More names for a certificate by osha, besides those of the VIP.'),
  days: z.int().min(1).max(825).optional().describe('How long a certificate by osha is valid; default 397.'),
  renew_days: z
    .int()
    .min(1)
    .optional()
    .describe('Days before its end from which on a deployment renews it; default 30.'),
  hsts_seconds: z
    .int()
    .min(1)
    .optional()
    .describe('How long browsers use only HTTPS (HSTS); default: not set.'),
});

/** What an inventory may say under `haproxy:`. */
export const settings = z.strictObject({
  max_connections: z.int().min(100).default(4000).describe('Connections at the same time, on each host.'),
  internal_vip: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The virtual IP of what only services use (database, broker, metadata of servers), by name; default "internal", or else the first that users do not come to.',
    ),
  tls: z
    .record(z.string(), vipTls)
    .default({})
    .describe('Virtual IPs that speak TLS on every http port, by name; {} for a certificate by osha.'),
  frontends: z
    .record(z.string(), ownFrontend)
    .default({})
    .describe('Services of your own behind HAProxy, by name.'),
});

export type HaproxySettings = z.output<typeof settings>;

/** The `haproxy` key of an inventory. */
export const settingsOf = settingsReader('haproxy', settings);

export type OwnFrontend = z.output<typeof ownFrontend>;
export type VipTls = z.output<typeof vipTls>;
