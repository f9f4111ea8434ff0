import { homedir, hostname, userInfo } from 'node:os';

/** What ssh's configuration says of one address, as it is written. What it leaves to ssh's defaults is absent. */
export interface ConfiguredLogin {
  readonly hostName?: string;
  /** Absent also where it names the operator's own user: ssh's answer shows no difference. */
  readonly user?: string;
  readonly port?: number;
  /** May not exist; with tokens. Empty: no key but the agent's. */
  readonly identityFiles?: readonly string[];
  /** Of the agent's keys, offer only those that stand in a file as well. */
  readonly identitiesOnly?: boolean;
  /** `user@host:port`, several with commas; with tokens. */
  readonly proxyJump?: string;
  readonly proxyCommand?: string;
}

/** One hop of a `ProxyJump`. */
export interface ConfiguredHop {
  readonly address: string;
  readonly user?: string;
  readonly port?: number;
}

/** What the tokens of ssh's configuration stand for. */
export interface TokenValues {
  /** The address as it was asked for, before `HostName`. */
  readonly original: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
}

/**
 * What the configuration said, from two answers of `ssh -G`: one with it, and one without any, which holds ssh's own
 * defaults.
 */
export function configuredLogin(address: string, answer: string, defaults: string): ConfiguredLogin {
  const given = valuesOf(answer);
  const usual = valuesOf(defaults);
  const changed = (key: string): string | undefined => {
    const value = given.get(key);
    return value?.join('\n') === usual.get(key)?.join('\n') ? undefined : value?.[0];
  };
  const hostName = given.get('hostname')?.[0];
  const user = changed('user');
  const port = changed('port');
  const proxyJump = given.get('proxyjump')?.[0] ?? 'none';
  const proxyCommand = given.get('proxycommand')?.[0] ?? 'none';
  const files = given.get('identityfile')?.filter((file) => file.toLowerCase() !== 'none');
  return {
    // ssh writes names in lower case: that alone is no other name.
    ...(hostName === undefined || hostName === address.toLowerCase() ? {} : { hostName }),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(changed('identityfile') === undefined ? {} : { identityFiles: files ?? [] }),
    ...(given.get('identitiesonly')?.[0] === 'yes' ? { identitiesOnly: true } : {}),
    ...(proxyJump.toLowerCase() === 'none' ? {} : { proxyJump }),
    ...(proxyCommand.toLowerCase() === 'none' ? {} : { proxyCommand }),
  };
}

/** `key value` lines; a key may stand there several times, and its value may have spaces. */
function valuesOf(answer: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const line of answer.split(/\r?\n/)) {
    const [, key, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    values.set(key.toLowerCase(), [...(values.get(key.toLowerCase()) ?? []), value]);
  }
  return values;
}

/**
 * The hops of a `ProxyJump`, first hop first: `user@host:port`, also with `ssh://` before and brackets around the host;
 * `undefined` where one is nothing of that form.
 */
export function hopsOf(proxyJump: string): readonly ConfiguredHop[] | undefined {
  const hops = proxyJump.split(',').map(hopOf);
  return hops.every((hop) => hop !== undefined) ? hops : undefined;
}

function hopOf(text: string): ConfiguredHop | undefined {
  const form =
    /^(?:ssh:\/\/)?(?:(?<user>.+)@)?(?:\[(?<bracketed>[^\]]+)\]|(?<plain>[^:@[\]/\s]+))(?::(?<port>\d{1,5}))?\/?$/;
  const { user, bracketed, plain, port } = form.exec(text.trim())?.groups ?? {};
  const address = bracketed ?? plain;
  if (address === undefined) return undefined;
  return {
    address,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

/**
 * A value with its tokens, `~` and `${VARIABLES}` replaced, which `ssh -G` leaves as they are (ssh_config(5), TOKENS). What
 * is not known here (`%C`, `%T`, `~user`) stays as it is written.
 */
export function expanded(value: string, { original, address, port, user }: TokenValues): string {
  const tokens: Readonly<Record<string, () => string>> = {
    '%': () => '%',
    d: home,
    h: () => address,
    i: () => String(userInfo().uid),
    k: () => original,
    l: hostname,
    L: () => hostname().replace(/\..*/, ''),
    n: () => original,
    p: () => String(port),
    r: () => user,
    u: () => userInfo().username,
  };
  return value
    .replace(/^~(?=\/|$)/, home)
    .replace(/%([%A-Za-z])|\$\{(\w+)\}/g, (whole, token: string | undefined, variable: string | undefined) =>
      token === undefined ? (process.env[variable ?? ''] ?? whole) : (tokens[token]?.() ?? whole),
    );
}

/** The home of the operator as ssh knows it: of the user, whatever `HOME` says. */
function home(): string {
  return userInfo().homedir || homedir();
}
