import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { childrenOf, lives } from './processes.ts';

const SSHD = '/usr/sbin/sshd';
/** The privilege separation folder, which the unit of the package creates. */
const PRIVILEGE_SEPARATION = '/run/sshd';

/** An sshd on loopback with keys, port and configuration of its own. */
export interface Sshd {
  readonly port: number;
  /** A folder of its own, removed by `stop`. */
  readonly folder: string;
  /** A private key for logins as root and as the users. */
  readonly identity: string;
  /** A known_hosts file with all of its keys. */
  readonly knownHosts: string;
  /** `type base64` of one of its host keys. */
  hostKey(type: 'ed25519' | 'rsa'): string;
  /** Kills the processes of all connections, like a network failure. Returns their number. */
  dropAll(): number;
  /** Stops the processes of all open connections, like a machine that hangs. Returns a function that continues them. */
  freeze(): () => void;
  stop(): Promise<void>;
}

/** Defaults for authentication. Replaced rather than appended, because sshd uses the first of several lines. */
const LOGIN = { UsePAM: 'no', PasswordAuthentication: 'yes', KbdInteractiveAuthentication: 'no' };

/** Starts an sshd with extra configuration lines. Throws with a hint if this machine cannot. */
export async function startSshd(
  extra: readonly string[] = [],
  instead: Partial<typeof LOGIN> = {},
): Promise<Sshd> {
  if (!existsSync(SSHD)) throw new Error(`there is no ${SSHD}: apt-get install openssh-server`);
  if (process.getuid?.() !== 0)
    throw new Error('these tests create users and start an sshd: run them as root');
  // Not below /tmp: sshd has to be able to read authorized_keys, and /tmp may be a link elsewhere.
  const folder = mkdtempSync('/run/osha-test-sshd-');
  mkdirSync(PRIVILEGE_SEPARATION, { recursive: true, mode: 0o755 });
  const file = (name: string): string => join(folder, name);
  for (const [name, type] of [
    ['host_ed25519', 'ed25519'],
    ['host_rsa', 'rsa'],
    ['identity', 'ed25519'],
  ] as const) {
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', name, '-f', file(name)]);
  }
  writeFileSync(file('authorized_keys'), readFileSync(file('identity.pub')));
  execFileSync('chmod', ['755', folder]);
  const port = await freePort();
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${file('host_ed25519')}`,
    `HostKey ${file('host_rsa')}`,
    `AuthorizedKeysFile ${file('authorized_keys')}`,
    `PidFile ${file('pid')}`,
    'PermitRootLogin yes',
    ...Object.entries({ ...LOGIN, ...instead }).map(([word, value]) => `${word} ${value}`),
    'StrictModes no',
    'MaxStartups 200',
    'LogLevel ERROR',
    ...extra,
  ];
  writeFileSync(file('sshd_config'), `${config.join('\n')}\n`);
  const hostKey = (type: 'ed25519' | 'rsa'): string =>
    readFileSync(file(`host_${type}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
  const name = `[127.0.0.1]:${port}`;
  writeFileSync(file('known_hosts'), `${name} ${hostKey('ed25519')}\n${name} ${hostKey('rsa')}\n`);
  const daemon = spawn(SSHD, ['-D', '-e', '-f', file('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  daemon.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  await listening(port, daemon, () => complaint);
  return {
    port,
    folder,
    identity: file('identity'),
    knownHosts: file('known_hosts'),
    hostKey,
    dropAll: () => {
      const children = childrenOf(daemon.pid ?? 0);
      for (const pid of children) process.kill(pid, 'SIGKILL');
      return children.length;
    },
    freeze: () => {
      const below = (pid: number): readonly number[] =>
        childrenOf(pid).flatMap((child) => (isSshd(child) ? [child, ...below(child)] : []));
      const frozen = below(daemon.pid ?? 0);
      for (const pid of frozen) process.kill(pid, 'SIGSTOP');
      return () => {
        for (const pid of frozen) if (lives(pid)) process.kill(pid, 'SIGCONT');
      };
    },
    stop: async () => {
      const ended = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isSshd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('sshd');
  } catch {
    return false;
  }
}

/** An unused port on loopback. */
export function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => found(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function listening(port: number, daemon: ChildProcess, complaint: () => string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (daemon.exitCode !== null) throw new Error(`sshd did not start: ${complaint()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`sshd does not listen on port ${port}: ${complaint()}`);
}
