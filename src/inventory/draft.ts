import { isRecord } from '../yaml/parse.ts';
import { expandRoles, ROLE_WORDS, vipHolders, type RoleWord, chosenHosts } from './roles.ts';
import type { DrillCommands, Role, Vip } from './types.ts';

type Path = readonly (string | number)[];

/** One jump host as written: `user@host:port`, a host's name, or a map. */
export interface DraftHop {
  readonly path: Path;
  readonly text?: string;
  readonly address?: string;
  readonly user?: string;
  readonly port?: number;
  readonly identity?: string;
}

/** The usable entries of an `ssh` key. */
export interface DraftSsh {
  readonly user?: string;
  readonly port?: number;
  readonly sudo?: boolean;
  readonly identity?: string;
  readonly knownHosts?: readonly string[];
  readonly jump?: readonly DraftHop[];
  /** A file, or whether ssh's own configuration is used. */
  readonly config?: string | boolean;
}

export interface DraftHost {
  readonly name: string;
  readonly address?: string;
  readonly networks: Readonly<Record<string, string>>;
  readonly words: readonly RoleWord[];
  readonly roles: readonly Role[];
  readonly controller: boolean;
  readonly ssh: DraftSsh;
}

export interface DraftVip {
  readonly name: string;
  readonly address?: string;
  readonly interface?: string;
  readonly by: Vip['by'];
  readonly haproxy: boolean;
  /** Roles and names as written; absent where `on` is not set. */
  readonly on?: readonly string[];
  /** The hosts that can hold it. */
  readonly holders: readonly DraftHost[];
}

/**
 * The usable part of an inventory, without mistakes, so that everything else can still be checked and all mistakes are
 * reported at once.
 */
export interface Draft {
  readonly platform?: string | undefined;
  readonly ssh: DraftSsh;
  readonly hosts: readonly DraftHost[];
  readonly vips: readonly DraftVip[];
  readonly drill?: DrillCommands | undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function without<T extends object>(entries: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
}

function recordsOf(value: unknown): readonly (readonly [string, Readonly<Record<string, unknown>>])[] {
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, entry]) => (isRecord(entry) ? [[name, entry] as const] : []));
}

function port(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536
    ? value
    : undefined;
}

function hopOf(value: unknown, path: Path): DraftHop | undefined {
  if (typeof value === 'string') return { path, text: value };
  if (!isRecord(value)) return undefined;
  const { address, user, identity } = value;
  return without({
    path,
    address: text(address),
    user: text(user),
    port: port(value['port']),
    identity: text(identity),
  });
}

function sshOf(value: unknown, path: Path): DraftSsh {
  if (!isRecord(value)) return {};
  const { user, sudo, identity, known_hosts: known, jump, config } = value;
  const knownHosts = (Array.isArray(known) ? (known as readonly unknown[]) : [known]).flatMap(
    (file) => text(file) ?? [],
  );
  const hops = Array.isArray(jump)
    ? (jump as readonly unknown[]).map((hop, index) => hopOf(hop, [...path, 'jump', index]))
    : [hopOf(jump, [...path, 'jump'])];
  return without({
    user: text(user),
    port: port(value['port']),
    sudo: typeof sudo === 'boolean' ? sudo : undefined,
    identity: text(identity),
    knownHosts: knownHosts.length > 0 ? knownHosts : undefined,
    jump: jump === undefined ? undefined : hops.flatMap((hop) => hop ?? []),
    config: typeof config === 'boolean' ? config : text(config),
  });
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, entry]) =>
      text(entry) === undefined ? [] : [[name, entry as string]],
    ),
  );
}

/** One word or several. */
function listOf(value: unknown): readonly string[] | undefined {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  const words = list.flatMap((word) => text(word) ?? []);
  return words.length > 0 ? words : undefined;
}

function wordsOf(value: unknown): readonly RoleWord[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return ROLE_WORDS.filter((word) => list.includes(word));
}

function drillOf(value: unknown): DrillCommands | undefined {
  if (!isRecord(value)) return undefined;
  return { stop: text(value['stop_command']), start: text(value['start_command']) };
}

/** The usable part of an inventory's plain value. Never throws. */
export function draftOf(value: unknown): Draft {
  const raw = isRecord(value) ? value : {};
  const hosts = recordsOf(raw['hosts']);
  const words = new Map(hosts.map(([name, host]) => [name, wordsOf(host['roles'])]));
  const roles = expandRoles(words);
  const draftHosts = hosts.map(
    ([name, host]) =>
      without({
        name,
        address: text(host['address']),
        networks: textsOf(host['networks']),
        words: words.get(name) ?? [],
        roles: roles.get(name) ?? [],
        controller: (words.get(name) ?? []).includes('controller'),
        ssh: sshOf(host['ssh'], ['hosts', name, 'ssh']),
      }) as DraftHost,
  );
  return without({
    platform: text(raw['platform']),
    ssh: sshOf(raw['ssh'], ['ssh']),
    hosts: draftHosts,
    drill: drillOf(raw['drill']),
    vips: recordsOf(raw['vips']).map(([name, vip]) => {
      const on = listOf(vip['on']);
      return without({
        name,
        address: text(vip['address']),
        interface: text(vip['interface']),
        by: vip['by'] === 'keepalived' ? 'keepalived' : 'pacemaker',
        haproxy: vip['haproxy'] !== false,
        on,
        holders: on ? chosenHosts(on, draftHosts) : vipHolders(draftHosts),
      });
    }),
  });
}
