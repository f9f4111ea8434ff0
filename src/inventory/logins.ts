import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Draft, DraftHop, DraftHost, DraftSsh } from './draft.ts';
import { isDnsName, parseIpv4 } from './network.ts';
import type { Login, SshSettings } from './types.ts';

/** An address to go through, read from `user@host:port`. */
export interface HopAddress {
  readonly address: string;
  readonly user?: string;
  readonly port?: number;
}

/** `user@host:port` taken apart; `undefined` where it is nothing of that form. */
export function parseHop(text: string): HopAddress | undefined {
  const match = /^(?:([^\s@:/]+)@)?([^\s@:/]+)(?::(\d{1,5}))?$/.exec(text);
  const address = match?.[2];
  if (address === undefined || (parseIpv4(address) === undefined && !isDnsName(address))) return undefined;
  const port = match?.[3] === undefined ? undefined : Number(match[3]);
  if (port !== undefined && (port < 1 || port > 65535)) return undefined;
  const user = match?.[1];
  return { address, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) };
}

/** The host of the inventory that a hop names. */
export function hostOfHop(draft: Draft, hop: DraftHop): DraftHost | undefined {
  return draft.hosts.find((host) => host.name === hop.text);
}

/** A path of the inventory as an absolute one: `~` is the operator's home, the rest is relative to the inventory's folder. */
export function absolutePath(inventoryFile: string, path: string): string {
  const fromHome = path === '~' || path.startsWith('~/') ? `${homedir()}${path.slice(1)}` : path;
  return resolve(dirname(inventoryFile), fromHome);
}

/** Who to log in to `host` as: what it says itself, then what the inventory says for all. */
export function loginOf(draft: Draft, host: DraftHost, inventoryFile: string): Login {
  const { user, port, identity, config }: DraftSsh = { ...draft.ssh, ...host.ssh };
  return {
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
    ...(identity === undefined ? {} : { identity: absolutePath(inventoryFile, identity) }),
    ...(config === false ? { config } : {}),
    ...(typeof config === 'string' ? { config: absolutePath(inventoryFile, config) } : {}),
  };
}

/** All that the inventory says of logging in to `host`, but the way there. */
export function settingsOf(draft: Draft, host: DraftHost, inventoryFile: string): Omit<SshSettings, 'jump'> {
  const { sudo, knownHosts }: DraftSsh = { ...draft.ssh, ...host.ssh };
  return {
    ...loginOf(draft, host, inventoryFile),
    sudo: sudo ?? true,
    knownHosts: (knownHosts ?? ['~/.ssh/known_hosts']).map((file) => absolutePath(inventoryFile, file)),
  };
}
