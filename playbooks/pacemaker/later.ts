import type { Inventory, Platform } from 'osha';
import { servicesOf } from '../openstack/settings.ts';
import { serviceUnits } from '../openstack/units.ts';

/** By their names, and what is configured together with them. */
export type LaterUnits = ReadonlyMap<string, string>;

/**
 * The units that are configured after the cluster was made, because they need its virtual IPs: their own phases give
 * them to the cluster.
 */
export function laterUnits(inventory: Pick<Inventory, 'settings'>, platform: Platform): LaterUnits {
  const asked = servicesOf(inventory);
  return new Map(
    serviceUnits(platform)
      .filter(({ service, everywhere }) => asked.includes(service) && everywhere === undefined)
      .map(({ unit, service }) => [unit, service]),
  );
}
