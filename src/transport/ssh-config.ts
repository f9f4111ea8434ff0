import { homedir, hostname, userInfo } from 'node:os';
import { execFile } from 'node:child_process';
import pLimit from 'p-limit';
import type { Login } from '../inventory/types.ts';
import { ConnectError } from './errors.ts';

/** Processes in parallel. */
const AT_ONCE = 8;

/** A `Match exec` or a name lookup (`CanonicalizeHostname`) can be slow. */
const LIMIT_MS = 10_000;

export interface SshClientOptions {
  /** Name or path of the ssh client; default `ssh`. */
  readonly program?: string;
  /** Milliseconds for each lookup; default 10 s. */
  readonly timeoutMs?: number;
}

/** An address, and its settings in the inventory, on which a `Match` may depend. */
export interface ConfigQuery extends Pick<Login, 'user' | 'port' | 'config'> {
  readonly address: string;
}

interface Answer {
  readonly ok: boolean;
  readonly stdout: string;
  /** The error message, from ssh where it printed one. */
  readonly fault: string;
  readonly isLate: boolean;
}

/**
 * Reads the operator's ssh configuration through `ssh -G`, because only ssh itself knows Include, Match and wildcards.
 * Connects to nothing, and caches each lookup.
 */
export class SshClient {
  readonly #program: string;
  readonly #timeoutMs: number;
  readonly #limit = pLimit(AT_ONCE);
  readonly #closed = new AbortController();
  readonly #answers = new Map<string, Promise<ConfiguredLogin>>();
  #defaults: Promise<string | undefined> | undefined;

  constructor({ program = 'ssh', timeoutMs = LIMIT_MS }: SshClientOptions = {}) {
    this.#program = program;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * The configuration of an address; empty without a usable ssh. Throws a `ConnectError` when ssh rejects its configuration
   * or times out, or when the inventory names a configuration file and there is no ssh to read it.
   */
  lookUp(query: ConfigQuery): Promise<ConfiguredLogin> {
    if (query.config === false) return Promise.resolve({});
    const { address, user, port, config } = query;
    const args = [
      ...(config === undefined ? [] : ['-F', config]),
      ...(user === undefined ? [] : ['-l', user]),
      ...(port === undefined ? [] : ['-p', String(port)]),
      '--',
      address,
    ];
    const key = JSON.stringify(args);
    const known = this.#answers.get(key);
    if (known) return known;
    const asking = this.#find(query, args);
    this.#answers.set(key, asking);
    asking.catch(() => this.#answers.delete(key));
    return asking;
  }

  /** Aborts pending lookups. */
  close(): void {
    this.#closed.abort();
  }

  async #find({ address, config }: ConfigQuery, args: readonly string[]): Promise<ConfiguredLogin> {
    // Any name will do: without a configuration, ssh has the same defaults for all.
    this.#defaults ??= this.#ask(['-F', 'none', '--', 'localhost']).then(({ ok, stdout }) =>
      ok ? stdout : undefined,
    );
    const defaults = await this.#defaults;
    if (defaults === undefined) {
      if (config === undefined) return {};
      throw new ConnectError(
        'ssh-config',
        `cannot read ${String(config)}: there is no usable ssh client on this machine`,
        'install the OpenSSH client, or remove ssh.config from the inventory',
      );
    }
    const answer = await this.#ask(args);
    if (answer.ok) return configuredLogin(address, answer.stdout, defaults);
    // ssh works without the configuration, and fails with it.
    throw answer.isLate
      ? new ConnectError(
          'ssh-config',
          `timed out after ${this.#timeoutMs / 1000} s reading the ssh configuration for ${address}`,
          `does a "Match exec" in it block? Try: ssh -G ${address}`,
        )
      : new ConnectError(
          'ssh-config',
          `ssh rejects its configuration for ${address}: ${answer.fault}`,
          'correct it, or ignore it with "ssh: { config: false }" in the inventory',
        );
  }

  #ask(args: readonly string[]): Promise<Answer> {
    // Without -T ssh would complain that its stdin is not a terminal.
    return this.#limit(() => this.#run(['-T', '-G', ...args]));
  }

  #run(args: readonly string[]): Promise<Answer> {
    const { signal } = this.#closed;
    return new Promise((answered) => {
      const child = execFile(
        this.#program,
        args,
        // SIGKILL: no other signal keeps ssh from waiting for a "Match exec".
        { timeout: this.#timeoutMs, killSignal: 'SIGKILL', signal },
        (error, stdout, stderr) =>
          answered({
            ok: error === null,
            stdout,
            fault:
              stderr
                .trim()
                .split(/\s*\n\s*/)
                .join('; ') ||
              (error?.message ?? ''),
            isLate: error?.killed === true,
          }),
      );
      // A command in the configuration must not wait for input.
      child.stdin?.on('error', () => undefined).end();
    });
  }
}

/** The ssh configuration of one address, unexpanded. Settings left at ssh's defaults are absent. */
export interface ConfiguredLogin {
  readonly hostName?: string;
  /** Absent also where it names the operator's own user: `ssh -G` does not show the difference. */
  readonly user?: string;
  readonly port?: number;
  /** May not exist; may hold tokens. Empty: only the agent's keys. */
  readonly identityFiles?: readonly string[];
  /** Offer only those of the agent's keys that are in a file too. */
  readonly identitiesOnly?: boolean;
  /** `user@host:port`, separated by commas; may hold tokens. */
  readonly proxyJump?: string;
  readonly proxyCommand?: string;
}

/** One hop of a `ProxyJump`. */
export interface ConfiguredHop {
  readonly address: string;
  readonly user?: string;
  readonly port?: number;
}

/** Values for the tokens of the ssh configuration. */
export interface TokenValues {
  /** The address before `HostName` applies. */
  readonly original: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
}

/** Compares the output of `ssh -G` with that of `ssh -F none -G`, which has ssh's own defaults. */
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
    // ssh prints names in lower case.
    ...(hostName === undefined || hostName === address.toLowerCase() ? {} : { hostName }),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(changed('identityfile') === undefined ? {} : { identityFiles: files ?? [] }),
    ...(given.get('identitiesonly')?.[0] === 'yes' ? { identitiesOnly: true } : {}),
    ...(proxyJump.toLowerCase() === 'none' ? {} : { proxyJump }),
    ...(proxyCommand.toLowerCase() === 'none' ? {} : { proxyCommand }),
  };
}

/** Parses `key value` lines; keys repeat, and values may contain spaces. */
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
 * The hops of a `ProxyJump`, first hop first: `user@host:port`, optionally with `ssh://` and with brackets around the host;
 * `undefined` if any is malformed.
 */
export function parseProxyJump(proxyJump: string): readonly ConfiguredHop[] | undefined {
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
 * Expands tokens, `~` and `${VARIABLES}`, which `ssh -G` prints unexpanded (ssh_config(5), TOKENS). Leaves others (`%C`,
 * `%T`, `~user`) unchanged.
 */
export function expandTokens(value: string, { original, address, port, user }: TokenValues): string {
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

/** Like ssh: from the user database, not from `HOME`. */
function home(): string {
  return userInfo().homedir || homedir();
}
