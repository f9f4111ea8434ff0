import { z } from 'zod';

const property = z.union([z.string(), z.int(), z.boolean()]).transform(String);

export const settings = z.strictObject({
  cluster_name: z
    .string()
    // What GFS2 and so pcs take.
    .regex(/^[A-Za-z0-9_-]{1,32}$/, 'at most 32 letters, digits, "-" and "_"')
    .optional()
    .describe(
      "The cluster's name, where it is not the inventory's: that of a cluster that is there already.",
    ),
  stickiness: z
    .int()
    .min(0)
    .default(100)
    .describe('How much a virtual IP stays where it is when its old host comes back.'),
  monitor_seconds: z.int().min(1).default(10).describe('Seconds between two looks at each resource.'),
  recheck: z
    .string()
    .regex(/^\d+(s|min|h)$/, 'a time such as 5min')
    .default('5min')
    .describe('How often the cluster looks whether anything is left to do.'),
  no_quorum: z
    .enum(['stop', 'freeze', 'ignore', 'demote', 'suicide'])
    .optional()
    .describe('What members do that are cut off from the others; default stop, with two members ignore.'),
  properties: z.record(z.string(), property).default({}).describe('More properties of the cluster, by name.'),
});
