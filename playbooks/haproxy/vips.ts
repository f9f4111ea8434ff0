import { type Frontend, hostsWith, type Inventory, type InventoryProblem, type Vip } from 'osha';
import { settingsOf } from './settings.ts';

type Vips = Pick<Inventory, 'vips'>;
type VipsAndSettings = Pick<Inventory, 'vips' | 'settings'>;

/** Names of virtual IPs that users do not reach. */
const INTERNAL = ['internal', 'database', 'messaging'];

/** Virtual IPs on which HAProxy listens. */
export function vipsOf({ vips }: Vips): readonly Vip[] {
  return vips.filter((vip) => vip.haproxy);
}

/** The virtual IP of users: `api`, otherwise the first. Undefined if HAProxy listens on none. */
export function usersVip(inventory: Vips): Vip | undefined {
  const vips = vipsOf(inventory);
  return vips.find(({ name }) => name === 'api') ?? vips[0];
}

/**
 * The virtual IP of internal services without one of their own: `internal_vip` of the inventory, otherwise `internal`,
 * otherwise the first that users do not reach. Undefined if there is only the one of users: they share it only if
 * `internal_vip` says so.
 */
export function servicesVip(inventory: VipsAndSettings): Vip | undefined {
  const said = settingsOf(inventory).internal_vip;
  if (said !== undefined) return vipsOf(inventory).find(({ name }) => name === said);
  const users = usersVip(inventory);
  const internal = vipsOf(inventory).filter((vip) => vip !== users || INTERNAL.includes(vip.name));
  return internal.find(({ name }) => name === 'internal') ?? internal[0];
}

/** The virtual IP of a frontend. */
export function vipOf(
  { vip: name, internal }: Pick<Frontend, 'vip' | 'internal'>,
  inventory: VipsAndSettings,
): Vip | undefined {
  const named = vipsOf(inventory).find((vip) => vip.name === name);
  return named ?? (internal ? servicesVip(inventory) : usersVip(inventory));
}

/** Mistakes in the virtual IP of internal services: none but that of users, or one that does not exist. */
export function internalVipProblems(inventory: Inventory): readonly InventoryProblem[] {
  const { internal_vip: said } = settingsOf(inventory);
  if (said !== undefined) {
    const fault = vipFault(said, inventory);
    return fault ? [{ severity: 'error', path: ['haproxy', 'internal_vip'], ...fault }] : [];
  }
  const users = usersVip(inventory);
  const needed = (['database', 'messaging'] as const).some((role) => hostsWith(inventory, role).length > 0);
  if (!needed || users === undefined || servicesVip(inventory) !== undefined) return [];
  return [
    {
      severity: 'error',
      path: ['vips', users.name],
      at: 'key',
      message: `users reach ${users.name}, and there is no other virtual IP for the database, the broker and the metadata of servers`,
      hint: `add one that users do not reach (vips: { internal: { address: 10.0.0.29/24, interface: eth0 } }), or let them share it: haproxy: { internal_vip: ${users.name} }`,
    },
  ];
}

/** Describes why HAProxy listens on no virtual IP of this name, or returns undefined. */
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
