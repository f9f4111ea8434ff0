import type { Host, JumpHost } from '../inventory/types.ts';
import { ConnectError } from './errors.ts';
import {
  expandTokens,
  parseProxyJump,
  type ConfigQuery,
  type ConfiguredLogin,
  type TokenValues,
} from './ssh-config.ts';

/** More hops than this are a mistake, such as `ProxyJump gw-%h`, where each hop names another one. */
const MOST_HOPS = 8;

/** The other end of an SSH connection, and the login there. */
export interface Destination {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** The inventory's private key. */
  readonly identity?: string;
  /** Private keys from the ssh configuration, where the inventory names none; they may not exist. */
  readonly identityFiles?: readonly string[];
  /** Offer only those of the agent's keys that are in these files (or in the user's default files). */
  readonly identitiesOnly?: boolean;
}

/** The address as messages show it. */
export function whereOf(to: Destination): string {
  return to.port === 22 ? to.address : `${to.address} port ${to.port}`;
}

/** An equivalent `ssh` command, for hints. */
export function sshCommand(to: Destination, options = ''): string {
  const port = to.port === 22 ? '' : ` -p ${to.port}`;
  const keys = to.identity === undefined ? (to.identityFiles ?? []) : [to.identity];
  const identities = keys.map((file) => ` -i ${file}`).join('');
  return `ssh${options}${port}${identities} ${to.user}@${to.address}`;
}

/** A host's destination and its jump hosts, first hop first. */
export interface Route {
  readonly to: Destination;
  readonly through: readonly Destination[];
}

/** Looks up an address in the ssh configuration. */
export type ConfigLookup = (query: ConfigQuery) => Promise<ConfiguredLogin>;

/**
 * The route to a host: from the inventory, else from the ssh configuration, else root, port 22 and no hop. `jump` in the
 * inventory means what `ssh -J` means: only its first hop can have hops of its own. Throws a `ConnectError` for what only
 * ssh itself supports (`ProxyCommand`), and for a loop of hops.
 */
export async function routeTo(host: Host, lookUp: ConfigLookup): Promise<Route> {
  const { jump } = host.ssh;
  const { to, hopsBefore } = await placeOf({ ...host.ssh, address: host.address }, lookUp);
  return { to, through: jump === undefined ? await hopsBefore([]) : await chainOf(jump, [], lookUp) };
}

/** A destination, and the hops that the ssh configuration puts before it. `passed` are the destinations that led here. */
interface Place {
  readonly to: Destination;
  readonly hopsBefore: (passed: readonly Destination[]) => Promise<readonly Destination[]>;
}

async function placeOf(written: Omit<JumpHost, 'direct'>, lookUp: ConfigLookup): Promise<Place> {
  const { address: original, user, port, identity, config } = written;
  const configured = await lookUp({
    address: original,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
    ...(config === undefined ? {} : { config }),
  });
  const values: TokenValues = {
    original,
    address: configured.hostName ?? original,
    user: user ?? configured.user ?? 'root',
    port: port ?? configured.port ?? 22,
  };
  const files = identity === undefined ? configured.identityFiles : undefined;
  const to: Destination = {
    address: values.address,
    user: values.user,
    port: values.port,
    ...(identity === undefined ? {} : { identity }),
    ...(files === undefined ? {} : { identityFiles: files.map((file) => expandTokens(file, values)) }),
    ...(configured.identitiesOnly ? { identitiesOnly: true } : {}),
  };
  const hopsBefore = async (passed: readonly Destination[]): Promise<readonly Destination[]> => {
    if (configured.proxyCommand !== undefined) throw proxyCommand(original, configured.proxyCommand);
    if (configured.proxyJump === undefined) return [];
    const proxyJump = expandTokens(configured.proxyJump, values);
    const hops = parseProxyJump(proxyJump);
    if (hops === undefined) throw invalidProxyJump(original, proxyJump);
    const next = [...passed, to];
    if (passed.length >= MOST_HOPS || passed.some((place) => isSamePlace(place, to))) throw loop(next);
    return chainOf(
      hops.map((hop) => ({ ...hop, ...(config === undefined ? {} : { config }) })),
      next,
      lookUp,
    );
  };
  return { to, hopsBefore };
}

async function chainOf(
  hops: readonly JumpHost[],
  passed: readonly Destination[],
  lookUp: ConfigLookup,
): Promise<readonly Destination[]> {
  const places = await Promise.all(hops.map((hop) => placeOf(hop, lookUp)));
  const first = hops[0]?.direct ? undefined : places[0];
  return [...((await first?.hopsBefore(passed)) ?? []), ...places.map(({ to }) => to)];
}

function isSamePlace(one: Destination, other: Destination): boolean {
  return one.address === other.address && one.port === other.port && one.user === other.user;
}

function proxyCommand(address: string, command: string): ConnectError {
  return new ConnectError(
    'ssh-config',
    `the ssh configuration reaches ${address} through a ProxyCommand (${command}), which osha does not support`,
    'use ProxyJump there, or jump: in the inventory',
  );
}

function invalidProxyJump(address: string, proxyJump: string): ConnectError {
  return new ConnectError(
    'ssh-config',
    `the ssh configuration has an invalid ProxyJump for ${address}: ${proxyJump}`,
    'write user@host:port, separated by commas; or use jump: in the inventory',
  );
}

function loop(places: readonly Destination[]): ConnectError {
  return new ConnectError(
    'ssh-config',
    `ProxyJump in the ssh configuration is a loop, or has too many hops: ${places.map(whereOf).join(' -> ')}`,
    'one of them has to be reached directly: "ProxyJump none", or jump: in the inventory',
  );
}
