import { z } from 'zod';
import { settingsReader } from 'osha';

/** A path that needs no quoting in a mount unit. */
export const absolutePath = z
  .string()
  .regex(/^(\/[A-Za-z0-9_@+.-]+)+$/, 'write an absolute path of letters, digits and _ @ + . -');

/** A user or a group. Numeric IDs may have different names on different hosts. */
const principal = z.union([
  z.int().min(0).max(0xffff_fffe),
  z.string().regex(/^[a-z_][a-z0-9_-]*$/, 'write a name or a number'),
]);

export const fileMode = z.string().regex(/^[0-7]{3,4}$/, 'write an octal mode in quotes, such as "0750"');

/** The settings of a mount point, shared by GlusterFS volumes and NFS shares. */
export const mounted = {
  mount: absolutePath.describe('Mount point on the clients.'),
  on: z.array(z.string().min(1)).min(1).describe('Roles or hosts that mount it.'),
  group: principal.optional().describe('Group; default: the group with the name of the owner.'),
};

/** The owner of a mount point's root directory. */
export const owner = principal.describe(
  'Owner: a name, or a numeric ID when a package that is installed later creates the user.',
);

const volume = z.strictObject({
  path: absolutePath.describe('Directory of the brick on every server, preferably on a separate disk.'),
  ...mounted,
  owner: owner.optional(),
  mode: fileMode
    .optional()
    .describe('Mode of its root directory; without mode and owner, the service that uses it sets both.'),
  options: z
    .record(
      z.string().regex(/^[a-z][a-z0-9._-]*$/, 'an option such as performance.cache-size'),
      // The gluster CLI parses words that begin with -- as its own options, in any position.
      z.union([
        z.string().regex(/^(?!--)[^\r\n]*$/, 'one line that does not begin with "--"'),
        z.number(),
        z.boolean(),
      ]),
    )
    .default({})
    .describe('Additional options, as for "gluster volume set".'),
});

/** The shape of `glusterfs:` in an inventory. */
export const settings = z.strictObject({
  servers: z
    .array(z.string().min(1))
    .min(1)
    .default(['storage'])
    .describe('Roles or hosts that keep a copy of every volume: three, or two without quorum.'),
  ping_timeout: z
    .int()
    .min(1)
    .max(120)
    .default(10)
    .describe('Seconds that clients wait for an unresponsive server before they continue without it.'),
  volumes: z
    .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, 'write letters, digits, - and _'), volume)
    .default({})
    .describe('Volumes by name. Without any, GlusterFS is not installed.'),
});

export type GlusterfsSettings = z.output<typeof settings>;

/** The `glusterfs` key of an inventory. */
export const settingsOf = settingsReader('glusterfs', settings);
export type VolumeSettings = GlusterfsSettings['volumes'][string];
