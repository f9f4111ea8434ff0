import { z } from 'zod';

/** What an inventory may say under `rabbitmq:`. */
export const settings = z.strictObject({
  queues: z
    .enum(['mirrored', 'quorum'])
    .default('mirrored')
    .describe(
      'How queues outlive a node: mirrored to all nodes by policy, or quorum queues declared by the services.',
    ),
  nodes: z
    .enum(['disc', 'ram'])
    .default('disc')
    .describe('What nodes that join keep their data on; the first is always on disc.'),
  partitions: z
    .enum(['pause_minority', 'autoheal', 'ignore'])
    .optional()
    .describe('What a node does that is cut off; default pause_minority, with two nodes autoheal.'),
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
});

export type RabbitmqSettings = z.output<typeof settings>;
