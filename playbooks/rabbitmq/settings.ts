import { z } from 'zod';
import { settingsReader } from 'osha';

const port = z.int().min(1).max(65535);

/** Tags that mean something to the broker: the first four to its management. */
const TAGS = ['administrator', 'monitoring', 'policymaker', 'management', 'impersonator'] as const;

// What osha made is noted in the cluster under these names, which no space may part and whose length is limited there.
const name = z
  .string()
  .max(64)
  .regex(/^[^\s-]\S*$/, 'a name without spaces, and not "-" first');
const userName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][\w.-]*$/, 'letters, digits, ".", "-" and "_", a letter or a digit first');

const permissions = z.strictObject({
  configure: z
    .string()
    .default('^$')
    .describe('What it may make and delete: a regular expression; default nothing.'),
  write: z.string().default('^$').describe('What it may publish to; default nothing.'),
  read: z.string().default('^$').describe('What it may consume from; default nothing.'),
});

const user = z.strictObject({
  tags: z.array(z.enum(TAGS)).default([]).describe('What it may do in the management.'),
  permissions: z
    .record(name, permissions)
    .default({})
    .describe('By virtual host: the names of queues and exchanges that it may use.'),
});

const policy = z.strictObject({
  vhost: name.default('/').describe('The virtual host that it is for.'),
  pattern: z.string().describe('A regular expression: the names of queues or exchanges that it is for.'),
  definition: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
    .refine((keys) => Object.keys(keys).length > 0, 'a policy without a definition')
    .describe('What it sets, such as { message-ttl: 60000 }.'),
  priority: z.int().min(0).default(0).describe('Of several that match a queue, only the highest is used.'),
  apply_to: z
    .enum(['queues', 'classic_queues', 'quorum_queues', 'streams', 'exchanges', 'all'])
    .default('queues')
    .describe('What it is for.'),
});

const kind = z.enum(['disc', 'ram']);

/** What an inventory may say under `rabbitmq:`. */
export const settings = z.strictObject({
  version: z
    .string()
    .regex(/^\d+\.\d+$/, 'write major and minor number in quotes, such as "3.13"')
    .optional()
    .describe("The broker's version, in quotes, where packages do not come from the operating system."),
  queues: z
    .enum(['mirrored', 'quorum'])
    .optional()
    .describe(
      'How queues outlive a node: mirrored to all nodes by policy (default before 4.0), or quorum queues declared by the services.',
    ),
  nodes: z
    .union([kind, z.record(z.string(), kind)])
    .default('disc')
    .describe('What nodes keep their data on: disc; ram for all but the first; or one of the two by host.'),
  partitions: z
    .enum(['pause_minority', 'autoheal', 'ignore'])
    .optional()
    .describe('What a node does that is cut off; default pause_minority, with two nodes autoheal.'),
  // Erlang's own minute is too long for a host that lost its power and is back before: its node then finds peers that
  // still hold its old connection, and hangs in its start (rabbitmq-server issue 6034, in 3.10 with Erlang from 25.1, as
  // Debian 12 has it). Peers ask four times within this time, and learn from the first answer that the old one has gone.
  net_ticktime: z
    .int()
    .min(5)
    .default(10)
    .describe('Seconds without a heartbeat after which nodes consider each other dead.'),
  port: port.default(5672).describe('Where the nodes listen for clients.'),
  frontend_port: port.default(5673).describe('Where clients reach the broker through HAProxy.'),
  memory: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.4)
    .describe('Share of the memory above which publishers are made to wait.'),
  disk_free: z
    .string()
    .regex(/^[1-9]\d*(MB|GB)$/, 'write a size such as 512MB or 2GB')
    .default('512MB')
    .describe('Free disk space below which publishers are made to wait.'),
  management: z
    .boolean()
    .default(true)
    .describe('The management plugin: web page and HTTP API on port 15672.'),
  vhosts: z.array(name).default([]).describe('Virtual hosts besides /.'),
  users: z
    .record(userName, user)
    .default({})
    .describe('Accounts of your own; the password of NAME is the secret rabbitmqUser-NAME.'),
  policies: z.record(name, policy).default({}).describe('Policies of your own.'),
});

export type RabbitmqSettings = z.output<typeof settings>;

/** The `rabbitmq` key of an inventory. */
export const settingsOf = settingsReader('rabbitmq', settings);
