import type { z } from 'zod';
import type { Inventory } from '../inventory/types.ts';
import { bare } from '../yaml/bare.ts';

/**
 * How the owner of an inventory's key gives what it says to others: `export const settingsOf = settingsReader('galera',
 * settings)`. Defaults where the inventory has nothing. The schema reads its own output again, so it must be left unchanged
 * by that.
 */
export function settingsReader<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
): (inventory: Pick<Inventory, 'settings'>) => z.output<Schema> {
  // What zod makes has JavaScript's own names again.
  return ({ settings }) => bare(schema.parse(settings[name] ?? {}));
}
