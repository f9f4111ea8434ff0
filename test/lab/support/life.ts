import { afterAll, beforeAll } from 'vitest';
import { down, up, type UpOptions } from '../lab.ts';

/**
 * The hosts of an inventory, with clean disks, for all tests of a file or a part of it. OSHA_KEEP_LAB=1 keeps them up
 * afterwards; OSHA_REUSE_LAB=1 uses running hosts unchanged. Hooks registered later with `afterAll` run before the hosts
 * are removed.
 */
export function hostsForAll(
  options: Pick<UpOptions, 'stage' | 'replace'> & { readonly inventory: string },
): void {
  beforeAll(async () => {
    await up({ ...options, fresh: process.env['OSHA_REUSE_LAB'] !== '1' });
  });

  afterAll(async () => {
    if (process.env['OSHA_KEEP_LAB'] !== '1') await down({ lab: options.inventory });
  });
}
