import { type Frontend, hostsWith, type Inventory, type InventoryProblem, type Vip } from 'osha';
import { settingsOf } from './settings.ts';

type Vips = Pick<Inventory, 'vips'>;
type VipsAndSettings = Pick<Inventory, 'vips' | 'settings'>;

/** Names of virtual IPs that no user comes to. */
const INTERNAL = ['internal', 'database', 'messaging'];

/** The virtual IPs that HAProxy listens on. */
export function vipsOf({ vips }: Vips): readonly Vip[] {
  return vips.filter((vip) => vip.haproxy);
}

/** The virtual IP that users come to: `api`, or else the first. Nothing where HAProxy listens on none. */
export function usersVip(inventory: Vips): Vip | undefined {
  const vips = vipsOf(inventory);
  return vips.find(({ name }) => name === 'api') ?? vips[0];
}

/**
 * The virtual IP of what only services use and that has none of its own: the one that the inventory says, or `internal`,
 * or the first that users do not come to. Nothing where there is only the users' own: they share that if told to.
 */
export function servicesVip(inventory: VipsAndSettings): Vip | undefined {
  const said = settingsOf(inventory).internal_vip;
  if (said !== undefined) return vipsOf(inventory).find(({ name }) => name === said);
  const users = usersVip(inventory);
  const internal = vipsOf(inventory).filter((vip) => vip !== users || INTERNAL.includes(vip.name));
  return internal.find(({ name }) => name === 'internal') ?? internal[0];
}

/** The virtual IP that a frontend is reached at. */
export function vipOf(
  { vip: name, internal }: Pick<Frontend, 'vip' | 'internal'>,
  inventory: VipsAndSettings,
): Vip | undefined {
  const named = vipsOf(inventory).find((vip) => vip.name === name);
  return named ?? (internal ? servicesVip(inventory) : usersVip(inventory));
}

/** That what only services use has no virtual IP but the users' own, or one that is not there. */
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
      message: `users come to ${users.name}, and there is no other virtual IP for the database, the broker and the metadata of servers`,
      hint: `add one that users do not reach (vips: { internal: { address: 10.0.0.29/24, interface: eth0 } }), or say that they share it: haproxy: { internal_vip: ${users.name} }`,
    },
  ];
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
