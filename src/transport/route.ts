import type { Host, JumpHost } from '../inventory/types.ts';
import { whereOf, type Destination } from './connect-failure.ts';
import { ConnectError } from './errors.ts';
import type { Question } from './ssh-client.ts';
import { expanded, hopsOf, type ConfiguredLogin, type TokenValues } from './ssh-config.ts';

/** More hops than this are a mistake: each names another one, such as `ProxyJump gw-%h`. */
const MOST_HOPS = 8;

/** Where a connection goes, and through what, first hop first: all decided. */
export interface Route {
  readonly to: Destination;
  readonly through: readonly Destination[];
}

/** What ssh's configuration says of an address. */
export type Ask = (question: Question) => Promise<ConfiguredLogin>;

/**
 * The way to a host: what the inventory says, else what ssh's configuration says, else root, port 22 and no hop. A `jump` of
 * the inventory is taken as `ssh -J` takes it: only its first hop can have hops of its own before it. Throws a `ConnectError`
 * for what only ssh itself could do (`ProxyCommand`), and for hops in a circle.
 */
export async function routeTo(host: Host, ask: Ask): Promise<Route> {
  const { jump } = host.ssh;
  const { to, before } = await placeOf({ ...host.ssh, address: host.address }, ask);
  return { to, through: jump === undefined ? await before([]) : await chainOf(jump, [], ask) };
}

/** A place, and how to find what ssh's configuration puts before it. `passed` are those that led here. */
interface Place {
  readonly to: Destination;
  readonly before: (passed: readonly Destination[]) => Promise<readonly Destination[]>;
}

async function placeOf(written: Omit<JumpHost, 'direct'>, ask: Ask): Promise<Place> {
  const { address: original, user, port, identity, config } = written;
  const said = await ask({
    address: original,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
    ...(config === undefined ? {} : { config }),
  });
  const values: TokenValues = {
    original,
    address: said.hostName ?? original,
    user: user ?? said.user ?? 'root',
    port: port ?? said.port ?? 22,
  };
  const files = identity === undefined ? said.identityFiles : undefined;
  const to: Destination = {
    address: values.address,
    user: values.user,
    port: values.port,
    ...(identity === undefined ? {} : { identity }),
    ...(files === undefined ? {} : { identityFiles: files.map((file) => expanded(file, values)) }),
    ...(said.identitiesOnly ? { identitiesOnly: true } : {}),
  };
  const before = async (passed: readonly Destination[]): Promise<readonly Destination[]> => {
    if (said.proxyCommand !== undefined) throw proxyCommand(original, said.proxyCommand);
    if (said.proxyJump === undefined) return [];
    const proxyJump = expanded(said.proxyJump, values);
    const hops = hopsOf(proxyJump);
    if (hops === undefined) throw unknownForm(original, proxyJump);
    const next = [...passed, to];
    if (passed.length >= MOST_HOPS || passed.some((place) => samePlace(place, to))) throw circle(next);
    return chainOf(
      hops.map((hop) => ({ ...hop, ...(config === undefined ? {} : { config }) })),
      next,
      ask,
    );
  };
  return { to, before };
}

async function chainOf(
  hops: readonly JumpHost[],
  passed: readonly Destination[],
  ask: Ask,
): Promise<readonly Destination[]> {
  const places = await Promise.all(hops.map((hop) => placeOf(hop, ask)));
  const first = hops[0]?.direct ? undefined : places[0];
  return [...((await first?.before(passed)) ?? []), ...places.map(({ to }) => to)];
}

function samePlace(one: Destination, other: Destination): boolean {
  return one.address === other.address && one.port === other.port && one.user === other.user;
}

function proxyCommand(address: string, command: string): ConnectError {
  return new ConnectError(
    'ssh-config',
    `ssh's configuration reaches ${address} by a ProxyCommand (${command}), which osha cannot use`,
    'write ProxyJump there, or jump: in the inventory',
  );
}

function unknownForm(address: string, proxyJump: string): ConnectError {
  return new ConnectError(
    'ssh-config',
    `ssh's configuration has a ProxyJump for ${address} that is not understood: ${proxyJump}`,
    'write user@host:port, several with commas; or jump: in the inventory',
  );
}

function circle(places: readonly Destination[]): ConnectError {
  return new ConnectError(
    'ssh-config',
    `ProxyJump in ssh's configuration leads in a circle, or too far: ${places.map(whereOf).join(' -> ')}`,
    'one of them has to be reached directly: "ProxyJump none", or jump: in the inventory',
  );
}
