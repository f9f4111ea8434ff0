import { execFile } from 'node:child_process';
import pLimit from 'p-limit';
import type { Login } from '../inventory/types.ts';
import { ConnectError } from './errors.ts';
import { configuredLogin, type ConfiguredLogin } from './ssh-config.ts';

/** Processes at the same time. */
const AT_ONCE = 8;

/** A `Match exec` or a look-up of names (`CanonicalizeHostname`) can take long. */
const LIMIT_MS = 10_000;

export interface SshClientOptions {
  /** The name or path of ssh's client; default `ssh`. */
  readonly program?: string;
  /** Milliseconds for each question; default 10 s. */
  readonly timeoutMs?: number;
}

/** Whom to ask about: an address, and what the inventory says of it already, which `Match` can look at. */
export interface Question extends Pick<Login, 'user' | 'port' | 'config'> {
  readonly address: string;
}

interface Answer {
  readonly ok: boolean;
  readonly stdout: string;
  /** What went wrong, in ssh's own words where it had any. */
  readonly fault: string;
  readonly late: boolean;
}

/**
 * The operator's own ssh client, asked what its configuration says (`ssh -G`): it alone knows Include, Match and wildcards.
 * It connects to nothing, and each question is asked once.
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
   * What the configuration says of an address: nothing where there is no usable ssh. Throws a `ConnectError` where ssh does
   * not accept its configuration, or gets not done with it, or where a file was named and there is no ssh to read it.
   */
  says(question: Question): Promise<ConfiguredLogin> {
    if (question.config === false) return Promise.resolve({});
    const { address, user, port, config } = question;
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
    const asking = this.#find(question, args);
    this.#answers.set(key, asking);
    asking.catch(() => this.#answers.delete(key));
    return asking;
  }

  /** Ends what is still being asked. */
  close(): void {
    this.#closed.abort();
  }

  async #find({ address, config }: Question, args: readonly string[]): Promise<ConfiguredLogin> {
    // Any name will do: without a configuration, ssh's defaults are the same for all.
    this.#defaults ??= this.#ask(['-F', 'none', '--', 'localhost']).then(({ ok, stdout }) =>
      ok ? stdout : undefined,
    );
    const defaults = await this.#defaults;
    if (defaults === undefined) {
      if (config === undefined) return {};
      throw new ConnectError(
        'ssh-config',
        `${String(config)} cannot be read: there is no usable ssh on this machine to ask`,
        'install the OpenSSH client, or take ssh.config out of the inventory',
      );
    }
    const answer = await this.#ask(args);
    if (answer.ok) return configuredLogin(address, answer.stdout, defaults);
    // ssh works without the configuration: with it, it does not.
    throw answer.late
      ? new ConnectError(
          'ssh-config',
          `ssh did not say within ${this.#timeoutMs / 1000} s what its configuration means for ${address}`,
          `does a "Match exec" in it wait for something? See: ssh -G ${address}`,
        )
      : new ConnectError(
          'ssh-config',
          `ssh does not accept its configuration for ${address}: ${answer.fault}`,
          'correct it, or do without it: "ssh: { config: false }" in the inventory',
        );
  }

  #ask(args: readonly string[]): Promise<Answer> {
    // Without -T ssh would complain that its stdin is no terminal.
    return this.#limit(() => this.#run(['-T', '-G', ...args]));
  }

  #run(args: readonly string[]): Promise<Answer> {
    const { signal } = this.#closed;
    return new Promise((answered) => {
      const child = execFile(
        this.#program,
        args,
        // SIGKILL: ssh waits for the command of a "Match exec" whatever else it is told.
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
            late: error?.killed === true,
          }),
      );
      // Nobody answers what a command in the configuration may ask.
      child.stdin?.on('error', () => undefined).end();
    });
  }
}
