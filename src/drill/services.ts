import type { Inventory } from '../inventory/types.ts';
import type { DrillService } from '../playbook/drill.ts';

/** The port of tcpmux, which no host uses: a connection is refused at once where the address is held. */
const UNUSED_PORT = 1;

/** The virtual IPs on which no system declares a service. */
export function unclaimedAddresses(
  { vips }: Pick<Inventory, 'vips'>,
  services: readonly DrillService[],
): readonly DrillService[] {
  return vips
    .filter((vip) => !services.some(({ address }) => address === vip.address))
    .map(({ name, address }) => ({
      name: `virtual IP ${name}`,
      address,
      port: UNUSED_PORT,
      proof: { kind: 'address' },
    }));
}
