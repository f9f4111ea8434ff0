import { randomBytes } from 'node:crypto';
import type { Host } from '../inventory/types.ts';
import { createMasker } from '../secrets/masker.ts';
import type { Secret } from '../secrets/secret.ts';
import { ConnectError } from './errors.ts';
import { HostUnfit, newLoop, openShell, ShellRefused, type Liveness } from './open-shell.ts';
import type { ShellSession, ShellSettings, ShellStreams } from './shell-session.ts';

export interface RootShellOptions extends Pick<ShellSettings, 'beside' | 'maxOutputBytes'> {
  /** Who the login shell belongs to. */
  readonly user: string;
  readonly liveness?: Liveness;
  /** For sudo, where it asks for one. */
  readonly sudoPassword?: Secret;
  /** Runs a command line in the login shell. */
  start(command: string): Promise<ShellStreams>;
}

/**
 * Opens a session on a host where commands can be started already; by `sudo` where the inventory says so. Throws a
 * `ConnectError`: `sudo-refused`, or `no-shell`.
 */
export async function rootShell(host: Host, options: RootShellOptions): Promise<ShellSession> {
  const { user, liveness, sudoPassword, beside, maxOutputBytes } = options;
  const loop = newLoop(liveness);
  // A sudo that repeats what it read, or a PAM module that does, must not make the password a part of a message.
  const mask = createMasker(sudoPassword ? [sudoPassword] : []);
  const shell = { loop, beside, maxOutputBytes, ...(liveness ? { liveness } : {}) };
  if (!host.ssh.sudo || user === 'root') {
    const streams = await options.start(`exec ${loop.boot}`);
    return openShell(host, streams, shell).catch((error: unknown) => {
      throw error instanceof ShellRefused ? noShell(host, user, error) : error;
    });
  }
  // Answered only when sudo asks: a password that it does not want would be taken for the program by the shell.
  const prompt = `osha-${randomBytes(8).toString('hex')}:`;
  const asking = sudoPassword ? `-S -p ${prompt}` : '-n';
  const streams = await options.start(`exec env LC_ALL=C sudo ${asking} -H ${loop.boot}`);
  let given = 0;
  const onComplaint = (said: string): void => {
    const asked = said.split(prompt).length - 1;
    if (asked <= given) return;
    if (given > 0) throw wrongPassword(host, user);
    given = asked;
    streams.stdin.write(`${sudoPassword?.reveal() ?? ''}\n`);
  };
  try {
    return await openShell(host, streams, sudoPassword ? { ...shell, onComplaint } : shell);
  } catch (error) {
    if (!(error instanceof ShellRefused)) throw error;
    if (error instanceof HostUnfit) throw noShell(host, user, new HostUnfit(mask(error.message)));
    throw sudoRefused(host, user, mask(error.message).replaceAll(prompt, '').trim());
  }
}

function wrongPassword(host: Host, user: string): ConnectError {
  return new ConnectError(
    'sudo-refused',
    `sudo on ${host.name} does not take the password of ${user}`,
    'give the right one, or permit sudo without one (NOPASSWD)',
  );
}

function sudoRefused(host: Host, user: string, said: string): ConnectError {
  if (/incorrect password/.test(said)) return wrongPassword(host, user);
  return new ConnectError(
    'sudo-refused',
    `${user} may not become root on ${host.name}: ${said}`,
    sudoHint(said, user),
  );
}

function sudoHint(said: string, user: string): string {
  if (/password is required/.test(said)) {
    return `give the password (--ask-sudo-password), or permit it without one: echo '${user} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/osha`;
  }
  if (/must have a tty|no tty/.test(said)) return `exempt the user: Defaults:${user} !requiretty`;
  if (/sudo: (?:command )?not found|No such file/.test(said)) return 'install sudo there, or log in as root';
  return `permit it in /etc/sudoers.d on that host, or log in as root (ssh.user: root)`;
}

function noShell(host: Host, user: string, refused: ShellRefused): ConnectError {
  return new ConnectError(
    'no-shell',
    `logged in to ${host.name}, but could not start a shell: ${refused.message}`,
    refused instanceof HostUnfit
      ? 'osha needs a Linux with coreutils and util-linux, and a little room in /run, /dev/shm or /tmp'
      : `try: ssh ${user}@${host.address} 'sh -c "echo hello"'`,
  );
}
