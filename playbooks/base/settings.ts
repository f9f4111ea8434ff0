import { z } from 'zod';
import { settingsReader } from 'osha';

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'an address like http://10.0.0.1:3142' })
  .refine((url) => !/^https?:\/\/[^/]*@/.test(url), {
    error: 'no user or password: the inventory holds no secrets',
  })
  .refine((url) => !/["\s;]/.test(url), { error: 'no quotes, spaces or semicolons' });

const hostLabel = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'a host name: letters, digits, dots and dashes');

const source = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]*$/, 'letters, digits, dots and dashes')
    .describe('Name of the source; part of its file name on the hosts.'),
  uri: httpUrl,
  suite: z
    .string()
    .regex(/^[A-Za-z0-9./][\w.+~/-]*$/, 'a word of letters, digits and . / + ~ _ -')
    .describe('A suite such as bookworm-backports, or a path that ends with a slash.'),
  components: z
    .array(z.string().regex(/^[A-Za-z0-9][\w.+/-]*$/, 'a word of letters, digits and . / + _ -'))
    .default(['main']),
  key: z.string().startsWith('-----BEGIN PGP PUBLIC KEY BLOCK-----', 'an armored public key').optional(),
});

/** The shape of `base:` in an inventory. */
export const settings = z.strictObject({
  timezone: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/, 'a name like Etc/UTC or Europe/Zurich')
    .default('Etc/UTC')
    .describe('Time zone of every host.'),
  proxy: httpUrl.optional().describe('HTTP proxy for downloading packages.'),
  sources: z
    .array(source)
    .default([])
    .describe('Package sources in addition to those of the operating system.'),
  packages: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, "a package's name"))
    .default([])
    .describe('Additional packages for every host.'),
  vip_names: z
    .record(z.string(), z.array(hostLabel))
    .default({})
    .describe('Additional names for virtual IPs in /etc/hosts, such as { api: [controller] }.'),
  sysctl: z
    .record(
      z.string().regex(/^[a-z0-9_][a-z0-9_.-]*$/, 'a name like net.core.somaxconn'),
      z.union([z.int(), z.string().regex(/^[^\n]+$/)]),
    )
    .default({})
    .describe('Additional kernel settings for every host.'),
});

/** The `base` key of an inventory. */
export const settingsOf = settingsReader('base', settings);
