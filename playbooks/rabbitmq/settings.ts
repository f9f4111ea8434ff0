import { z } from 'zod';
import { settingsReader, type Host, type Inventory, platformIds, platformOf } from 'osha';

const port = z.int().min(1).max(65535);

/** Tags with a meaning to the broker; the first four concern the management plugin. */
const TAGS = ['administrator', 'monitoring', 'policymaker', 'management', 'impersonator'] as const;

// osha records what it made in the cluster under these names, where spaces separate names and their length is limited.
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

/** The `rabbitmq` key of an inventory. */
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
  // Erlang's default of 60 s is too long: a host that loses power and is back sooner finds peers that still hold its old
  // connection, and its node hangs at startup (rabbitmq-server issue 6034, in 3.10 with Erlang 25.1 or newer, as in
  // Debian 12). Peers probe four times within this time, and detect a dead connection at the first probe that is
  // answered.
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

/** Reads the `rabbitmq` key of an inventory. */
export const settingsOf = settingsReader('rabbitmq', settings);

/** The broker's version as two numbers: from the inventory, otherwise that of the operating system's packages. */
export function versionOf(
  inventory: Pick<Inventory, 'platform'>,
  settings: Pick<RabbitmqSettings, 'version'>,
): readonly [major: number, minor: number] {
  // An unknown platform is reported elsewhere.
  const known = platformIds.find((id) => id === inventory.platform) ?? platformIds[0] ?? '';
  const [major = 0, minor = 0] = (settings.version ?? platformOf(known).versions.rabbitmq)
    .split('.')
    .map(Number);
  return [major, minor];
}

/** The kind of queues: mirrored before 4.0, which removed them, unless the inventory sets another. */
export function queuesOf(
  inventory: Pick<Inventory, 'platform'>,
  settings: Pick<RabbitmqSettings, 'version' | 'queues'>,
): 'mirrored' | 'quorum' {
  return settings.queues ?? (versionOf(inventory, settings)[0] < 4 ? 'mirrored' : 'quorum');
}

/** Names of the hosts with ram nodes; with `ram` for all, the first node stays on disc. */
export function ramHosts(
  hosts: readonly Pick<Host, 'name'>[],
  { nodes }: Pick<RabbitmqSettings, 'nodes'>,
): readonly string[] {
  const names = hosts.map((host) => host.name);
  if (typeof nodes !== 'string') return names.filter((name) => nodes[name] === 'ram');
  return nodes === 'ram' ? names.slice(1) : [];
}
