import { debian12 } from './debian-12.ts';
import type { Platform } from './platform.ts';

const PLATFORMS: readonly Platform[] = [debian12];

/** The supported operating systems, by their names in an inventory. */
export const platformIds: readonly string[] = PLATFORMS.map((platform) => platform.id);

/** Throws a `RangeError` for an unknown platform. */
export function platformOf(id: string): Platform {
  const found = PLATFORMS.find((platform) => platform.id === id);
  if (!found) throw new RangeError(`unknown platform "${id}"; known: ${platformIds.join(', ')}`);
  return found;
}
