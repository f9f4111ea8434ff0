import { ROLES, type Host, type Role } from './types.ts';
import { suggestion } from '../yaml/nearest.ts';

/** The words that `roles` accepts in an inventory. */
export const ROLE_WORDS = ['controller', ...ROLES] as const;
export type RoleWord = (typeof ROLE_WORDS)[number];

/** Never part of `controller`: they need hardware or networks of their own. */
const APART: readonly Role[] = ['network', 'compute', 'storage'];

/**
 * The roles of each host, `controller` expanded, in the order of `ROLES`. A role that is listed for one host is not
 * part of `controller` on all others: `[controller, time]` on one of three controllers makes it the only time server.
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
 * The hosts that can hold a virtual IP: the load balancers (the controllers, unless another host has that role); the
 * controllers if there are none; else every host.
 */
export function vipHolders<Candidate extends Pick<Host, 'roles' | 'controller'>>(
  hosts: readonly Candidate[],
): readonly Candidate[] {
  const balancers = hosts.filter((host) => host.roles.includes('loadbalancer'));
  if (balancers.length > 0) return balancers;
  const controllers = hosts.filter((host) => host.controller);
  return controllers.length > 0 ? controllers : hosts;
}

interface Candidate {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly controller: boolean;
}

/** The hosts that a role or a host's name refers to; none for an unknown word. No host has the name of a role. */
export function hostsMeant<Host extends Candidate>(word: string, hosts: readonly Host[]): readonly Host[] {
  if (word === 'controller') return hosts.filter((host) => host.controller);
  return hosts.filter((host) => host.name === word || (host.roles as readonly string[]).includes(word));
}

/** The hosts that a list of roles and names refers to, without duplicates, in the order of the list. */
export function chosenHosts<Host extends Candidate>(
  words: readonly string[],
  hosts: readonly Host[],
): readonly Host[] {
  return [...new Set(words.flatMap((word) => hostsMeant(word, hosts)))];
}

/** The problem with a word that must be an assigned role or the name of a host. */
export function choiceFault(
  word: string,
  hosts: readonly Candidate[],
): { readonly message: string; readonly hint: string } | undefined {
  if (hostsMeant(word, hosts).length > 0) return undefined;
  if ((ROLE_WORDS as readonly string[]).includes(word)) {
    return { message: `no host has the role ${word}`, hint: 'give a host that role, or name hosts here' };
  }
  const names = [...hosts.map((host) => host.name), ...ROLE_WORDS];
  return { message: `"${word}" is neither a host nor a role`, hint: suggestion(word, names) };
}
