import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Draft, DraftHop, DraftHost, DraftSsh } from './draft.ts';
import { isDnsName, parseIpv4, addressFault } from './network.ts';
import type { Login, SshSettings, JumpHost } from './types.ts';
import { nearest } from '../yaml/nearest.ts';
import type { InventoryProblem } from './problem.ts';

/**
 * The jump hosts to `host`, first hop first; `undefined` where the inventory has none. A first hop that is a host of
 * the inventory is reached through that host's own jump hosts; a hop without user or key uses those of `host`. Only for
 * a draft without jump problems.
 */
export function jumpsTo(draft: Draft, host: DraftHost, file: string): readonly JumpHost[] | undefined {
  if (host.ssh.jump === undefined && draft.ssh.jump === undefined) return undefined;
  const hops = hopsOf(draft, host).flatMap((hop) => jumpHost(draft, hop, host, file) ?? []);
  const gateway = gatewayOf(draft, host);
  const before = gateway === undefined ? undefined : jumpsTo(draft, gateway, file);
  if (before?.length !== 0) return [...(before ?? []), ...hops];
  return hops.map((hop, index) => (index === 0 ? { ...hop, direct: true } : hop));
}

/** Jump hosts that do not exist, and circular jumps. */
export function jumpProblems(draft: Draft): readonly InventoryProblem[] {
  const hops = [draft.ssh, ...draft.hosts.map((host) => host.ssh)].flatMap((ssh) => ssh.jump ?? []);
  const problems = hops.flatMap((hop) => hopFault(draft, hop) ?? []);
  const reported = new Set<string>();
  for (const host of draft.hosts) {
    const circle = circleOf(draft, host).map(({ name }) => name);
    const members = [...circle].sort().join(' ');
    // Every circle includes a host with jump hosts of its own: those of the whole inventory never form one.
    if (circle.length === 0 || reported.has(members) || host.ssh.jump === undefined) continue;
    reported.add(members);
    problems.push({
      severity: 'error',
      path: host.ssh.jump[0]?.path ?? ['hosts', host.name, 'ssh', 'jump'],
      message: `jump goes in a circle: ${[...circle, host.name].join(' -> ')}`,
      hint: 'one of these hosts must be reached directly: "jump: []"',
    });
  }
  return problems;
}

/** All settings of the inventory for logging in to `host`, except jump hosts. */
export function sshSettingsOf(
  draft: Draft,
  host: DraftHost,
  inventoryFile: string,
): Omit<SshSettings, 'jump'> {
  const { sudo, knownHosts }: DraftSsh = { ...draft.ssh, ...host.ssh };
  return {
    ...loginOf(draft, host, inventoryFile),
    sudo: sudo ?? true,
    knownHosts: (knownHosts ?? ['~/.ssh/known_hosts']).map((file) => absolutePath(inventoryFile, file)),
  };
}

/** The login for `host`: its own settings, then those of the whole inventory. */
function loginOf(draft: Draft, host: DraftHost, inventoryFile: string): Login {
  const { user, port, identity, config }: DraftSsh = { ...draft.ssh, ...host.ssh };
  return {
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
    ...(identity === undefined ? {} : { identity: absolutePath(inventoryFile, identity) }),
    ...(config === false ? { config } : {}),
    ...(typeof config === 'string' ? { config: absolutePath(inventoryFile, config) } : {}),
  };
}

/**
 * A path of the inventory as an absolute one: `~` is the operator's home, the rest is relative to the inventory's
 * folder.
 */
export function absolutePath(inventoryFile: string, path: string): string {
  const fromHome = path === '~' || path.startsWith('~/') ? `${homedir()}${path.slice(1)}` : path;
  return resolve(dirname(inventoryFile), fromHome);
}

/**
 * The jump hosts of `host`, as written. Those of the whole inventory end before the host itself: a gateway is not
 * reached through itself.
 */
function hopsOf(draft: Draft, host: DraftHost): readonly DraftHop[] {
  if (host.ssh.jump !== undefined) return host.ssh.jump;
  const common = draft.ssh.jump ?? [];
  const own = common.findIndex((hop) => hostOfHop(draft, hop) === host);
  return own < 0 ? common : common.slice(0, own);
}

/** A jump host's address, parsed from `user@host:port`. */
interface HopAddress {
  readonly address: string;
  readonly user?: string;
  readonly port?: number;
}

/** Parses `user@host:port`; `undefined` for any other form. */
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
function hostOfHop(draft: Draft, hop: DraftHop): DraftHost | undefined {
  return draft.hosts.find((host) => host.name === hop.text);
}

/** The inventory's host that is the first hop of `host`; it may itself have jump hosts. */
function gatewayOf(draft: Draft, host: DraftHost): DraftHost | undefined {
  const [first] = hopsOf(draft, host);
  return first === undefined ? undefined : hostOfHop(draft, first);
}

/** The hosts of a circle from `host` back to itself; empty where there is none. */
function circleOf(draft: Draft, host: DraftHost): readonly DraftHost[] {
  if (hopsOf(draft, host).some((hop) => hostOfHop(draft, hop) === host)) return [host];
  const passed = [host];
  for (let next = gatewayOf(draft, host); next !== undefined; next = gatewayOf(draft, next)) {
    if (next === host) return passed;
    if (passed.includes(next)) return [];
    passed.push(next);
  }
  return [];
}

function hopFault(draft: Draft, hop: DraftHop): InventoryProblem | undefined {
  const error = (message: string, hint: string): InventoryProblem => ({
    severity: 'error',
    path: hop.path,
    message,
    hint,
  });
  if (hop.text === undefined) {
    const fault = hop.address === undefined ? undefined : addressFault(hop.address);
    return fault && { ...error(fault.message, fault.hint), path: [...hop.path, 'address'] };
  }
  if (hostOfHop(draft, hop) !== undefined) return undefined;
  const names = draft.hosts.map((host) => host.name);
  const parsed = parseHop(hop.text);
  if (parsed === undefined) {
    return error(
      `jump: "${hop.text}" is not an address`,
      'write user@host:port, or the name of a host of this inventory',
    );
  }
  if (/^[a-z0-9-]+$/i.test(hop.text)) {
    const near = nearest(hop.text, names);
    const meant = near === undefined ? '' : `did you mean "${near}"? If not, `;
    const hint = `${meant}write its whole address, such as ${hop.text}.example.net or user@10.0.0.1:22`;
    return error(`jump: no host of this inventory is called "${hop.text}"`, hint);
  }
  return undefined;
}

function jumpHost(draft: Draft, hop: DraftHop, through: DraftHost, file: string): JumpHost | undefined {
  const named = hostOfHop(draft, hop);
  if (named !== undefined) {
    return named.address === undefined
      ? undefined
      : { address: named.address, ...loginOf(draft, named, file) };
  }
  const { user, identity, config } = loginOf(draft, through, file);
  const written = hop.text === undefined ? hop : parseHop(hop.text);
  if (written?.address === undefined) return undefined;
  const login = {
    user: written.user ?? user,
    port: written.port,
    identity: hop.identity === undefined ? identity : absolutePath(file, hop.identity),
    config,
  };
  return { address: written.address, ...said(login) };
}

/** The entries with a value. */
function said(login: { readonly [Key in keyof Login]: Login[Key] | undefined }): Login {
  return Object.fromEntries(Object.entries(login).filter(([, value]) => value !== undefined));
}
