import { randomBytes } from 'node:crypto';
import type { Host } from '../inventory/types.ts';
import { createMasker } from '../secrets/masker.ts';
import type { Secret } from '../secrets/secret.ts';
import { OshaError } from '../text/error.ts';
import { ConnectError } from './errors.ts';
import { bootCommand, HELLO, remoteLoop } from './remote-loop.ts';
import { ShellSession, type ShellSettings, type ShellStreams } from './shell-session.ts';

/** Heartbeats between both ends of a session. */
export interface Liveness {
  /** Milliseconds between two heartbeats. */
  readonly intervalMs: number;
  /** Number of heartbeats that may go unanswered. */
  readonly missed: number;
}

export interface RootShellOptions extends Pick<ShellSettings, 'openAnother' | 'maxOutputBytes'> {
  /** The login user. */
  readonly user: string;
  readonly liveness?: Liveness;
  /** For sudo, where it asks for one. */
  readonly sudoPassword?: Secret;
  /** Runs a command in the login shell. */
  start(command: string): Promise<ShellStreams>;
}

/** Opens a session on a connected host, with `sudo` if the inventory says so. Throws a `ConnectError`: `sudo-refused`, or `no-shell`. */
export async function openRootShell(host: Host, options: RootShellOptions): Promise<ShellSession> {
  const { user, liveness, sudoPassword, openAnother, maxOutputBytes } = options;
  const loop = newLoop(liveness);
  // sudo or a PAM module may echo the password: it must not get into a message.
  const mask = createMasker(sudoPassword ? [sudoPassword] : []);
  const shell = { loop, openAnother, maxOutputBytes, ...(liveness ? { liveness } : {}) };
  if (!host.ssh.sudo || user === 'root') {
    const streams = await options.start(`exec ${loop.boot}`);
    return openShell(host, streams, shell).catch((error: unknown) => {
      throw error instanceof ShellRefused ? noShell(host, user, error) : error;
    });
  }
  // Sent only when sudo asks: otherwise the shell would read the password as a part of its program.
  const prompt = `osha-${randomBytes(8).toString('hex')}:`;
  const asking = sudoPassword ? `-S -p ${prompt}` : '-n';
  const streams = await options.start(`exec env LC_ALL=C sudo ${asking} -H ${loop.boot}`);
  let answered = 0;
  const onStderr = (text: string): void => {
    const prompts = text.split(prompt).length - 1;
    if (prompts <= answered) return;
    if (answered > 0) throw wrongPassword(host, user);
    answered = prompts;
    streams.stdin.write(`${sudoPassword?.reveal() ?? ''}\n`);
  };
  try {
    return await openShell(host, streams, sudoPassword ? { ...shell, onStderr } : shell);
  } catch (error) {
    if (!(error instanceof ShellRefused)) throw error;
    if (error instanceof HostUnfit) throw noShell(host, user, new HostUnfit(mask(error.message)));
    throw sudoRefused(host, user, mask(error.message).replaceAll(prompt, '').trim());
  }
}

function wrongPassword(host: Host, user: string): ConnectError {
  return new ConnectError(
    'sudo-refused',
    `sudo on ${host.name} rejected the password of ${user}`,
    'enter the right one, or allow sudo without a password (NOPASSWD)',
  );
}

function sudoRefused(host: Host, user: string, message: string): ConnectError {
  if (/incorrect password/.test(message)) return wrongPassword(host, user);
  return new ConnectError(
    'sudo-refused',
    `${user} cannot become root on ${host.name}: ${message}`,
    sudoHint(message, user),
  );
}

function sudoHint(message: string, user: string): string {
  if (/password is required/.test(message)) {
    return `enter the password with --ask-sudo-password, or allow sudo without one: echo '${user} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/osha`;
  }
  if (/must have a tty|no tty/.test(message))
    return `exempt the user in sudoers: Defaults:${user} !requiretty`;
  if (/sudo: (?:command )?not found|No such file/.test(message))
    return 'install sudo there, or log in as root';
  return `allow it in /etc/sudoers.d on that host, or log in as root (ssh.user: root)`;
}

function noShell(host: Host, user: string, refused: ShellRefused): ConnectError {
  return new ConnectError(
    'no-shell',
    `logged in to ${host.name}, but could not start a shell: ${refused.message}`,
    refused instanceof HostUnfit
      ? 'osha needs Linux with coreutils and util-linux, and a little space in /run, /dev/shm or /tmp'
      : `try: ssh ${user}@${host.address} 'sh -c "echo hello"'`,
  );
}

/** The program of one session, and the command that starts it. */
interface Loop {
  readonly mark: string;
  readonly program: Buffer;
  readonly boot: string;
}

/** With `liveness`, the loop ends itself when heartbeats stop, later than the other end would give up. */
function newLoop(liveness?: Liveness): Loop {
  const mark = `osha-${randomBytes(16).toString('hex')}`;
  const quietSeconds = liveness ? Math.ceil((liveness.intervalMs * (liveness.missed + 1) * 1.5) / 1000) : 0;
  const program = Buffer.from(remoteLoop({ mark, quietSeconds }));
  return { mark, program, boot: bootCommand(program.length) };
}

/** The shell ended before it was ready. */
class ShellRefused extends OshaError {
  override name = 'ShellRefused';
}

/** The shell started, but the host lacks something that osha needs. */
class HostUnfit extends ShellRefused {
  override name = 'HostUnfit';
}

interface OpenShellOptions extends Pick<ShellSettings, 'openAnother' | 'maxOutputBytes'> {
  readonly loop: Loop;
  readonly liveness?: Liveness;
  /** Called with all of stderr until now, each time more arrives before the greeting. May throw to reject. */
  readonly onStderr?: ((text: string) => void) | undefined;
}

/**
 * Waits for the greeting of a shell started with the loop's boot command, sends it the loop, and returns the session once the
 * loop is ready. Discards what the login shell prints before. Throws `ShellRefused` or `HostUnfit` with its output.
 */
async function openShell(
  host: Host,
  streams: ShellStreams,
  { loop, liveness, onStderr, openAnother, maxOutputBytes }: OpenShellOptions,
): Promise<ShellSession> {
  await waitFor(streams, `${HELLO}\n`, { onStderr });
  streams.stdin.write(loop.program);
  await waitFor(streams, `\x1e${loop.mark} ready\n`, { refusal: `\x1e${loop.mark} refused ` });
  return new ShellSession(host, streams, {
    mark: loop.mark,
    beatMs: liveness?.intervalMs ?? 0,
    maxOutputBytes,
    openAnother,
  });
}

/** Characters of each stream to search for a greeting: a login shell may print anything before it. */
const SEARCHED = 64 * 1024;

function waitFor(
  streams: ShellStreams,
  greeting: string,
  { refusal, onStderr }: { readonly refusal?: string } & Pick<OpenShellOptions, 'onStderr'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    const settle = (finish: () => void): void => {
      streams.stdout.off('data', addStdout);
      streams.stderr.off('data', addStderr);
      finish();
    };
    const addStdout = (chunk: Buffer): void => {
      stdout = (stdout + chunk.toString('utf8')).slice(-SEARCHED);
      const why = refusal === undefined ? undefined : stdout.split(refusal)[1];
      if (stdout.includes(greeting)) settle(resolve);
      else if (why?.endsWith('\n')) settle(() => reject(new HostUnfit(why.trim())));
    };
    const addStderr = (chunk: Buffer): void => {
      stderr = (stderr + chunk.toString('utf8')).slice(-SEARCHED);
      try {
        onStderr?.(stderr);
      } catch (error) {
        settle(() => reject(error instanceof Error ? error : new Error(String(error))));
      }
    };
    streams.stdout.on('data', addStdout);
    streams.stderr.on('data', addStderr);
    streams.onClosed((why) =>
      settle(() => reject(new ShellRefused(lastLines(stderr) || lastLines(stdout) || why))),
    );
  });
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join('; ').trim();
}
