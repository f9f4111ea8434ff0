import type { Inventory, InventoryProblem, Vip } from 'osha';

/** The virtual IPs that HAProxy listens on. */
export function vipsOf({ vips }: Pick<Inventory, 'vips'>): readonly Vip[] {
  return vips.filter((vip) => vip.haproxy);
}

/** What is wrong with a word that should be the name of such a virtual IP. */
export function vipFault(
  name: string,
  inventory: Pick<Inventory, 'vips'>,
): Pick<InventoryProblem, 'message' | 'hint'> | undefined {
  const names = vipsOf(inventory).map((vip) => vip.name);
  if (names.includes(name)) return undefined;
  const hint =
    names.length === 0
      ? 'declare one: vips: { api: { address: 10.0.0.20/24, interface: eth0 } }'
      : `write one of ${names.join(', ')}`;
  return inventory.vips.some((vip) => vip.name === name)
    ? { message: `HAProxy does not listen on ${name} (haproxy: false)`, hint }
    : { message: `there is no virtual IP "${name}"`, hint };
}
