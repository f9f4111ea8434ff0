import { z } from 'zod';
import { settingsReader } from 'osha';

const port = z.int().min(1).max(65535);
const size = z.string().regex(/^[1-9]\d*[MG]$/, 'write a size such as 512M or 4G');

/** The `galera` key of an inventory. */
export const settings = z.strictObject({
  writers: z
    .enum(['single', 'all'])
    .default('single')
    .describe('Where HAProxy sends connections: to one member, with the others as backups, or to all.'),
  arbitrator: z
    .string()
    .optional()
    .describe(
      'A host outside the cluster that votes without data, so that two members survive the loss of one.',
    ),
  port: port.default(3306).describe('Port on which the members listen for clients.'),
  frontend_port: port.default(3306).describe('Port on which clients reach the database through HAProxy.'),
  sst: z
    .enum(['rsync', 'mariabackup'])
    .default('rsync')
    .describe('How a member receives a full copy (SST): rsync blocks the donor, mariabackup does not.'),
  buffer_pool: size
    .default('128M')
    .describe('innodb_buffer_pool_size; about half of the memory that the database may use.'),
  flush_log: z
    .union([z.literal(0), z.literal(1), z.literal(2)])
    .default(2)
    .describe('innodb_flush_log_at_trx_commit: 1 is durable on each member, 2 and 0 rely on the others.'),
  gcache: size
    .default('128M')
    .describe('Size of the cache of writes for members that return after a short absence (gcache.size).'),
  sync_wait: z
    .int()
    .min(0)
    .max(15)
    .optional()
    .describe('wsrep_sync_wait; default: 1 if all members accept writes, else 0.'),
  max_connections: z.int().min(10).default(1000).describe('Concurrent clients on each member.'),
  applier_threads: z
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe('Threads that apply writes of other members (wsrep_slave_threads).'),
  charset: z
    .enum(['utf8', 'utf8mb3', 'utf8mb4'])
    .default('utf8mb3')
    .describe('Character set of new databases; utf8 is utf8mb3.'),
  collation: z
    .string()
    .regex(/^[a-z0-9_]+$/, 'a name such as utf8mb4_unicode_ci')
    .optional()
    .describe('Collation of new databases; default: the general one of the character set.'),
  init_connect: z
    .string()
    .regex(/^[^'\r\n]+$/, 'one line without single quotes')
    .optional()
    .describe('A statement that the server runs for each new client, such as SET NAMES utf8.'),
});

export type GaleraSettings = z.output<typeof settings>;

/** Reads the `galera` key of an inventory. */
export const settingsOf = settingsReader('galera', settings);

/** The exact name of the character set: the meaning of `utf8` depends on the server. */
export function charsetOf({ charset }: Pick<GaleraSettings, 'charset'>): 'utf8mb3' | 'utf8mb4' {
  return charset === 'utf8' ? 'utf8mb3' : charset;
}
