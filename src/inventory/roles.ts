import { ROLES, type Host, type Role } from './types.ts';

/** What `roles` may hold in an inventory. */
export const ROLE_WORDS = ['controller', ...ROLES] as const;
export type RoleWord = (typeof ROLE_WORDS)[number];

/** Never part of `controller`: they need hardware or networks of their own. */
const APART: readonly Role[] = ['network', 'compute', 'storage'];

/**
 * The roles of each host, `controller` expanded, in the order of `ROLES`. A role that is written out for one host is
 * taken out of `controller` on all others: `[controller, time]` on one of three controllers makes it the only time server.
 */
export function expandRoles(
  written: ReadonlyMap<string, readonly RoleWord[]>,
): ReadonlyMap<string, readonly Role[]> {
  const givenTo = (role: Role): readonly string[] =>
    [...written].filter(([, words]) => words.includes(role)).map(([host]) => host);
  const owners = new Map(ROLES.map((role) => [role, givenTo(role)]));
  const has = (host: string, words: readonly RoleWord[], role: Role): boolean => {
    if (words.includes(role)) return true;
    const others = (owners.get(role) ?? []).filter((owner) => owner !== host);
    return words.includes('controller') && !APART.includes(role) && others.length === 0;
  };
  return new Map(
    [...written].map(([host, words]) => [host, ROLES.filter((role) => has(host, words, role))] as const),
  );
}

/**
 * The hosts that can hold a virtual IP: the load balancers, which are the controllers where no other host was given
 * that role; the controllers where there are none; else every host.
 */
export function vipHolders<Candidate extends Pick<Host, 'roles' | 'controller'>>(
  hosts: readonly Candidate[],
): readonly Candidate[] {
  const balancers = hosts.filter((host) => host.roles.includes('loadbalancer'));
  if (balancers.length > 0) return balancers;
  const controllers = hosts.filter((host) => host.controller);
  return controllers.length > 0 ? controllers : hosts;
}
