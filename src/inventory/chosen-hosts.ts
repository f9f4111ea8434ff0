import { suggestion } from '../yaml/nearest.ts';
import { ROLE_WORDS } from './roles.ts';
import type { Role } from './types.ts';

interface Candidate {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly controller: boolean;
}

/** The hosts that a role's word or a host's own name means; none where it means nothing. No host is called as a role is. */
export function hostsMeant<Host extends Candidate>(word: string, hosts: readonly Host[]): readonly Host[] {
  if (word === 'controller') return hosts.filter((host) => host.controller);
  return hosts.filter((host) => host.name === word || (host.roles as readonly string[]).includes(word));
}

/** The hosts that a list of roles and names means, each once, in the order of the list. */
export function chosenHosts<Host extends Candidate>(
  words: readonly string[],
  hosts: readonly Host[],
): readonly Host[] {
  return [...new Set(words.flatMap((word) => hostsMeant(word, hosts)))];
}

/** What is wrong with a word that should be a role which a host has, or the name of a host. */
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
