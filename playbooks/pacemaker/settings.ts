import { z } from 'zod';
import { settingsReader } from 'osha';

const option = z.union([z.string(), z.int(), z.boolean()]).transform(String);
/** IDs in the cluster configuration. */
const name = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'letters, digits, "_", "-" and ".", a letter first');
const seconds = z.int().min(1);
const score = z.union([z.int(), z.enum(['INFINITY', '-INFINITY'])]);

const fence = z.strictObject({
  agent: z
    .string()
    .regex(/^fence_[a-z0-9_]+$/, 'a fence agent such as fence_ipmilan')
    .describe('Fence agent for the device, such as fence_ipmilan.'),
  hosts: z.array(z.string()).min(1).describe('Hosts it can switch off; the agent runs on the others.'),
  options: z.record(name, option).default({}).describe('Options of the agent, except its password.'),
  password_option: name
    .optional()
    .describe('Option that takes the secret fencePassword, such as passwd or password; default: none.'),
});

const resource = z.strictObject({
  agent: z
    .string()
    .regex(/^(systemd:[\w@.-]+|ocf:[\w-]+:[\w-]+)$/, 'systemd:UNIT or ocf:PROVIDER:AGENT')
    .describe('Agent: systemd:UNIT or ocf:PROVIDER:AGENT.'),
  options: z.record(name, option).default({}).describe('Options of its agent.'),
  monitor_seconds: seconds.optional().describe('Seconds between checks; default: monitor_seconds.'),
  timeout_seconds: seconds
    .optional()
    .describe('Limit in seconds for each start, stop and check; default: that of its agent.'),
  clone: z.boolean().default(false).describe('Whether it runs on every host of the cluster.'),
  on: z
    .array(z.string())
    .min(1)
    .optional()
    .describe(
      'Roles or hosts of one cluster on which it can run; default: all hosts, if there is one cluster.',
    ),
});

const group = z.strictObject({
  vips: z.array(z.string()).default([]).describe('Virtual IPs of the group, in order.'),
  services: z
    .array(z.string().regex(/^[\w@.-]+$/, 'a unit of systemd, or the name of a resource'))
    .default([])
    .describe('Units of systemd, or names of resources, that start after the virtual IPs, in order.'),
  prefers: z
    .array(z.string())
    .default([])
    .describe('Roles or hosts that the group prefers, the first one most: scores of 100, 50, 25 ...'),
  never: z.array(z.string()).default([]).describe('Roles or hosts that the group never runs on.'),
});

const constraint = z.union([
  z.strictObject({
    order: z
      .tuple([z.string(), z.string()])
      .describe('The resource to start first, and the one to start after it.'),
    kind: z.enum(['Optional', 'Mandatory', 'Serialize']).default('Mandatory'),
  }),
  z.strictObject({ colocate: z.string(), with: z.string(), score: score.default('INFINITY') }),
  z.strictObject({ location: z.string(), host: z.string(), score }),
]);

export const settings = z.strictObject({
  cluster_name: z
    .string()
    // The limit of GFS2, and therefore of pcs.
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,31}$/, 'at most 32 letters, digits, "-" and "_", not "-" first')
    .optional()
    .describe('Name of the cluster, if it differs from that of the inventory, as for an existing cluster.'),
  transport: z
    .enum(['knet', 'udpu', 'udp'])
    .optional()
    .describe('Transport between members; default: that of the existing cluster, or knet.'),
  multicast: z.string().optional().describe('Multicast address, with transport udp only.'),
  multicast_port: z.int().min(1).max(65535).optional().describe('UDP port of multicast; default: 5405.'),
  stickiness: z
    .int()
    .min(0)
    .default(100)
    .describe('How strongly a virtual IP stays on its current host when the previous one returns.'),
  monitor_seconds: seconds.default(10).describe('Seconds between checks of each resource.'),
  vip_timeout_seconds: seconds
    .default(60)
    .describe(
      'Limit in seconds for each start, stop and check of a virtual IP. Without fencing, one that does not stop in time is blocked until somebody helps.',
    ),
  recheck: z
    .string()
    .regex(/^\d+(s|min|h)$/, 'a time such as 5min')
    .default('5min')
    .describe('Interval at which the cluster re-evaluates its state.'),
  no_quorum: z
    .enum(['stop', 'freeze', 'ignore', 'demote', 'suicide'])
    .optional()
    .describe('Policy of members without quorum; default: stop, or ignore with two members.'),
  properties: z.record(name, option).default({}).describe('Additional properties of the cluster, by name.'),
  fence: z
    .record(name, fence)
    .default({})
    .describe('Fence devices by name; they switch off unresponsive hosts.'),
  resources: z.record(name, resource).default({}).describe('Additional resources of the cluster, by name.'),
  groups: z
    .record(name, group)
    .default({})
    .describe('Active/passive groups by name: virtual IPs and services that run together on one host.'),
  constraints: z
    .array(constraint)
    .default([])
    .describe('Order, colocation and location of virtual IPs, groups, resources and haproxy.'),
});

export type Settings = z.output<typeof settings>;

/** The `pacemaker` key of an inventory. */
export const settingsOf = settingsReader('pacemaker', settings);

export type Group = Settings['groups'][string];
export type Constraint = Settings['constraints'][number];
