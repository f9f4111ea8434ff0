import { z } from 'zod';
import { settingsReader } from 'osha';
import { absolutePath, fileMode, mounted, owner } from '../glusterfs/settings.ts';

/** Options that need no quoting in exports(5) and mount(8). */
const options = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.:=-]*(,[A-Za-z0-9_.:=-]+)*$/, 'write options separated by commas');

const share = z.strictObject({
  server: z.string().min(1).describe('Host that exports the share.'),
  path: absolutePath.describe('Directory on the server.'),
  ...mounted,
  owner: owner.default(0),
  mode: fileMode.default('0755').describe('Mode of the directory.'),
  export: options
    .default('rw,sync,no_subtree_check')
    .describe(
      'Export options, see exports(5); without no_root_squash, root on a client is mapped to the user nobody.',
    ),
  options: options.default('hard,timeo=100,retrans=3').describe('Mount options for the clients, see nfs(5).'),
});

/** The shape of `nfs:` in an inventory. */
export const settings = z.strictObject({
  shares: z
    .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, 'write letters, digits, - and _'), share)
    .default({})
    .describe('Shares by name. Without any, NFS is not installed.'),
});

export type NfsSettings = z.output<typeof settings>;

/** The `nfs` key of an inventory. */
export const settingsOf = settingsReader('nfs', settings);
export type ShareSettings = NfsSettings['shares'][string];
