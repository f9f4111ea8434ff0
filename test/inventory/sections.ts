import { z } from 'zod';
import type { LoadOptions } from '../../src/inventory/load.ts';
import { hostsWith } from '../../src/inventory/types.ts';
import type { SettingsSection } from '../../src/inventory/sections.ts';

/** Playbooks as the inventory sees them, one for each thing that a section can do. */
const sections: readonly SettingsSection[] = [
  {
    name: 'galera',
    title: 'MariaDB Galera',
    hosts: (inventory) => hostsWith(inventory, 'database'),
    settings: z.strictObject({
      writers: z.enum(['single', 'all']).default('single').meta({ description: 'Who is written to' }),
      sst: z.enum(['rsync', 'mariabackup']).default('rsync'),
      max_connections: z.int().min(10).max(100_000).default(1000),
    }),
  },
  {
    name: 'time',
    title: 'Time',
    hosts: (inventory) => inventory.hosts,
    settings: z.strictObject({
      servers: z
        .array(z.union([z.string(), z.strictObject({ address: z.string(), prefer: z.boolean().optional() })]))
        .optional(),
    }),
    validate: (_inventory, settings) =>
      (settings as { servers?: readonly unknown[] }).servers?.includes('loop')
        ? [{ severity: 'error', path: ['time', 'servers', 0], message: 'a time server that follows itself' }]
        : [],
  },
  {
    name: 'cinder',
    title: 'Cinder',
    hosts: (inventory) => hostsWith(inventory, 'storage'),
    settings: z
      .strictObject({
        backend: z.discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('lvm'), group: z.string() }),
          z.strictObject({ kind: z.literal('ceph'), pool: z.string().regex(/^[a-z]+$/) }),
        ]),
      })
      .partial(),
  },
];

export const options: LoadOptions = { playbooks: sections, platforms: ['debian-12', 'ubuntu-24.04'] };
