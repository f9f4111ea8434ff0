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
  configure: z.string().default('^$').describe('What the user may create and delete; default: nothing.'),
  write: z.string().default('^$').describe('What the user may publish to; default: nothing.'),
  read: z.string().default('^$').describe('What the user may consume from; default: nothing.'),
});

const user = z.strictObject({
  tags: z.array(z.enum(TAGS)).default([]).describe('What the user may do in the management plugin.'),
  permissions: z
    .record(name, permissions)
    .default({})
    .describe('Permissions by virtual host, as regular expressions over names of queues and exchanges.'),
});

const policy = z.strictObject({
  vhost: name.default('/').describe('Virtual host that the policy applies to.'),
  pattern: z
    .string()
    .describe('Regular expression for the names of queues or exchanges that the policy applies to.'),
  definition: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
    .refine((keys) => Object.keys(keys).length > 0, 'a policy without a definition')
    .describe('What the policy sets, such as { message-ttl: 60000 }.'),
  priority: z
    .int()
    .min(0)
    .default(0)
    .describe('If several policies match, the one with the highest priority applies.'),
  apply_to: z
    .enum(['queues', 'classic_queues', 'quorum_queues', 'streams', 'exchanges', 'all'])
    .default('queues')
    .describe('What the policy applies to.'),
});

const kind = z.enum(['disc', 'ram']);

/** What an inventory may say under `rabbitmq:`. */
export const settings = z.strictObject({
  version: z
    .string()
    .regex(/^\d+\.\d+$/, 'write major and minor number in quotes, such as "3.13"')
    .optional()
    .describe('Version of the broker, in quotes, if its packages do not come from the operating system.'),
  queues: z
    .enum(['mirrored', 'quorum'])
    .optional()
    .describe(
      'How queues survive the loss of a node: mirrored to all nodes by a policy (default before 4.0), or quorum queues that the services declare.',
    ),
  nodes: z
    .union([kind, z.record(z.string(), kind)])
    .default('disc')
    .describe('Where nodes keep their metadata: disc; ram for all but the first; or one of the two by host.'),
  partitions: z
    .enum(['pause_minority', 'autoheal', 'ignore'])
    .optional()
    .describe('What a node does when it is cut off; default: pause_minority, or autoheal with two nodes.'),
  // Erlang's own minute is too long for a host that lost its power and is back before: its node then finds peers that
  // still hold its old connection, and hangs in its start (rabbitmq-server issue 6034, in 3.10 with Erlang from 25.1, as
  // Debian 12 has it). Peers ask four times within this time, and learn from the first answer that the old one has gone.
  net_ticktime: z
    .int()
    .min(5)
    .default(10)
    .describe('Seconds without a heartbeat after which nodes consider each other dead.'),
  port: port.default(5672).describe('Port on which the nodes listen for clients.'),
  frontend_port: port.default(5673).describe('Port on which clients reach the broker through HAProxy.'),
  memory: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.4)
    .describe('Share of memory in use above which publishers are blocked.'),
  disk_free: z
    .string()
    .regex(/^[1-9]\d*(MB|GB)$/, 'write a size such as 512MB or 2GB')
    .default('512MB')
    .describe('Free disk space below which publishers are blocked.'),
  management: z
    .boolean()
    .default(true)
    .describe('The management plugin: web page and HTTP API on port 15672.'),
  vhosts: z.array(name).default([]).describe('Virtual hosts in addition to /.'),
  users: z
    .record(userName, user)
    .default({})
    .describe('Accounts of your own; the password of NAME is the secret rabbitmqUser-NAME.'),
  policies: z.record(name, policy).default({}).describe('Policies of your own.'),
});

export type RabbitmqSettings = z.output<typeof settings>;

/** The `rabbitmq` key of an inventory. */
export const settingsOf = settingsReader('rabbitmq', settings);
