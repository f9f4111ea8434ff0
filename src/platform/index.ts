import { debian12 } from './debian-12.ts';
import type { Platform } from './platform.ts';

const PLATFORMS: readonly Platform[] = [debian12];

/** The operating systems that osha deploys on, as an inventory names them. */
export const platformIds: readonly string[] = PLATFORMS.map((platform) => platform.id);

/** The platform that an inventory calls `id`. Throws a `RangeError` that names those there are. */
export function platformOf(id: string): Platform {
  const found = PLATFORMS.find((platform) => platform.id === id);
  if (!found) throw new RangeError(`there is no platform "${id}"; there are: ${platformIds.join(', ')}`);
  return found;
}
