import { z } from 'zod';
import { ROLE_WORDS } from './roles.ts';
import type { SettingsSection } from './sections.ts';
import { show } from './explain.ts';

const port = z
  .int({ error: 'expected a port number' })
  .min(1, { error: 'expected a port from 1 to 65535' })
  .max(65535, { error: 'expected a port from 1 to 65535' })
  .meta({ description: 'Port of sshd; default: what ~/.ssh/config says, else 22' });

const user = z
  .string()
  .regex(/^[^\s@:/-][^\s@:/]{0,63}$/, { error: 'expected the name of a user' })
  .meta({ description: 'User to log in as; default: what ~/.ssh/config says, else root' });

const file = z.string().min(1);

const address = z.string().min(1, { error: 'expected an address' });

const hop = z.union([
  z.string().min(1).meta({ description: 'user@host:port, or the name of a host of this inventory' }),
  z.strictObject({
    address,
    user: user.optional(),
    port: port.optional(),
    identity: file.optional(),
  }),
]);

/** How to log in. Every key has a default. */
export const sshSchema = z.strictObject({
  user: user.optional(),
  port: port.optional(),
  sudo: z
    .boolean()
    .optional()
    .meta({ description: 'Become root with sudo; default: yes, unless the user is root' }),
  identity: file.optional().meta({
    description: 'File of a private key, relative to this inventory; default: what ssh itself would try',
  }),
  known_hosts: z
    .union([file, z.array(file).min(1)])
    .optional()
    .meta({ description: 'Files of known host keys; default: ~/.ssh/known_hosts' }),
  jump: z
    .union([hop, z.array(hop)])
    .optional()
    .meta({ description: 'Jump hosts, first hop first; default: what ~/.ssh/config says' }),
  config: z.union([z.boolean(), file]).optional().meta({
    description:
      'Configuration of ssh for everything not set here: false to ignore it, or a file to read instead of ~/.ssh/config',
  }),
});

const hostSchema = z.strictObject({
  address: address.meta({ description: 'An IPv4 address, or a name in DNS' }),
  networks: z.record(z.string(), address).optional().meta({
    description:
      'Its addresses in further networks, by name of the network, such as { public: 203.0.113.11 }',
  }),
  roles: z
    .array(
      z
        .enum(ROLE_WORDS, { error: (issue) => `unknown role ${show(issue.input)}` })
        .meta({ description: 'What the host is for' }),
    )
    .min(1, { error: 'expected at least one role' }),
  ssh: sshSchema
    .optional()
    .meta({ description: 'Login settings that differ from those of the whole inventory' }),
});

const vipSchema = z.strictObject({
  address: address.meta({
    description: 'An IPv4 address with the prefix length of its network: 10.0.0.20/24',
  }),
  interface: z
    .string()
    .min(1, { error: 'expected the name of an interface' })
    .meta({ description: 'Network interface that carries it, the same on every host' }),
  on: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .optional()
    .meta({
      description: 'Roles or hosts that can hold it, the preferred one first; default: the load balancers',
    }),
  haproxy: z.boolean().default(true).meta({
    description: 'Whether HAProxy listens on it; false for the address of a group of other services',
  }),
  by: z.enum(['pacemaker', 'keepalived']).default('pacemaker').meta({ description: 'What moves it' }),
});

const command = z.string().min(1, { error: 'expected a command' });

/** The operator's own commands for `osha drill`. */
const drillSchema = z.strictObject({
  stop_command: command.optional().meta({
    description:
      'Command of this machine that takes a host away; its name is in $OSHA_HOST. Only osha drill runs it, by sh -c in the folder of this inventory; default: a hard reset by the host itself',
  }),
  start_command: command.optional().meta({
    description: 'Command that starts the host again; default: none, it starts by itself',
  }),
});

/** The keys of every inventory; playbooks add theirs. */
export const fixedShape = {
  name: z
    .string()
    // 32 is what wsrep_cluster_name takes.
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, {
      error: 'expected at most 32 letters, digits, "-" and "_", a letter first',
    })
    .meta({ description: 'The name of the deployment; its clusters are named after it' }),
  platform: z
    .string()
    .optional()
    .meta({ description: 'The operating system of the hosts; default: debian-12' }),
  ssh: sshSchema.optional(),
  hosts: z
    .record(z.string(), hostSchema)
    .meta({ description: 'By name; their order is the order in which rolling work is done' }),
  vips: z.record(z.string(), vipSchema).optional().meta({ description: 'Virtual IPs, by name' }),
  drill: drillSchema
    .optional()
    .meta({ description: 'How an availability test takes a host away and brings it back' }),
  playbooks: z.array(file).optional().meta({
    description: 'Files of your own playbooks, relative to this inventory; deployed after the built-in ones',
  }),
};

export const fixedSchema = z.strictObject(fixedShape);

/** Keys with this prefix belong to the author, for anchors (`x-defaults: &defaults {...}`). */
export const OWN_KEY = /^x-/;

/** The default of `platform`. */
export const DEFAULT_PLATFORM = 'debian-12';

/** A JSON Schema as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema (draft 7, which editors' YAML support reads) of an inventory with these sections, for completion and
 * checking while it is written. Rules that only `loadInventory` can check are not in it. An inventory with its own
 * playbooks may have any further key, unless `sections` includes those playbooks and is `complete`.
 */
export function inventoryJsonSchema(
  sections: readonly SettingsSection[],
  platforms: readonly string[] = [],
  options: { readonly complete?: boolean } = {},
): JsonSchema {
  const [first, ...others] = platforms;
  const platform =
    first === undefined
      ? {}
      : {
          platform: z
            .enum([first, ...others])
            .optional()
            .meta(fixedShape.platform.meta() ?? {}),
        };
  const settings = sections.flatMap(({ name, formerly, settings, title }) => {
    // A key whose settings are all commented out has the value null.
    const shape = z.union([settings, z.null()]).optional();
    const former = { description: `Former name of "${name}"`, deprecated: true };
    return [
      [name, shape.meta({ description: title })],
      ...(formerly === undefined ? [] : [[formerly, shape.meta(former)]]),
    ];
  });
  const shape = {
    ...fixedShape,
    ...platform,
    ...(Object.fromEntries(settings) as Record<string, z.ZodType>),
  };
  const { additionalProperties, ...schema } = z.toJSONSchema(z.strictObject(shape), {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
  });
  const known = { anyOf: [{ enum: Object.keys(shape) }, { pattern: OWN_KEY.source }] };
  return {
    ...schema,
    ...(options.complete
      ? { additionalProperties }
      : { if: { required: ['playbooks'] }, else: { propertyNames: known } }),
    title: 'An inventory of osha',
    // The author's own keys, for anchors.
    patternProperties: { [OWN_KEY.source]: {} },
  };
}
