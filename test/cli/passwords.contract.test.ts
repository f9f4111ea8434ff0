import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { folderForTest } from '../support/temporary-folder.ts';
import { startSshd, type Sshd } from '../transport/sshd.ts';
import { makeUser, type TestUser } from '../transport/users.ts';
import { oshaWith, type CliResult } from './run-cli.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TSX = join(ROOT, 'node_modules/tsx/dist/esm/index.mjs');
const OSHA = `node --import ${TSX} --conditions=osha-source ${join(ROOT, 'src/cli/main.ts')}`;

/** Hosts that take passwords only: sshd itself asks for them, or PAM does. */
let plain: Sshd;
let pam: Sshd;
let user: TestUser;
beforeAll(async () => {
  plain = await startSshd(['PubkeyAuthentication no']);
  pam = await startSshd(['AuthenticationMethods keyboard-interactive'], {
    UsePAM: 'yes',
    PasswordAuthentication: 'no',
    KbdInteractiveAuthentication: 'yes',
  });
  user = makeUser('osha-test-password', 'password');
});
afterAll(async () => {
  user?.remove();
  await plain?.stop();
  await pam?.stop();
});

let folder: string;
beforeEach(() => {
  folder = folderForTest();
  inventoryOf(plain);
});

function inventoryOf({ port, knownHosts }: Sshd): void {
  writeFileSync(
    join(folder, 'inventory.yaml'),
    `name: test
ssh: { user: ${user.name}, sudo: true, port: ${port}, known_hosts: ${knownHosts}, config: false }
hosts:
  here: { address: 127.0.0.1, roles: [controller] }
`,
  );
}

const asked: string[] = [];
const exec = (command: string, ...options: readonly string[]): Promise<CliResult> => {
  asked.length = 0;
  const askHidden = (question: string): Promise<string> => {
    asked.push(question);
    return Promise.resolve(user.password);
  };
  return oshaWith({ cwd: folder, askHidden }, 'exec', 'inventory.yaml', ...options, '--', command);
};
const BOTH = ['--ask-password', '--ask-sudo-password'];

describe('a host that takes passwords only', () => {
  it.each(['sshd itself', 'PAM'])(
    'accepts logins where %s asks for the password, and sudo asks, too',
    async (who) => {
      inventoryOf(who === 'PAM' ? pam : plain);
      expect(await exec('id -un', ...BOTH)).toEqual({ exitCode: 0, stdout: 'here | root\n', stderr: '' });
      expect(asked).toEqual(['SSH password: ', 'sudo password: ']);
    },
  );

  it('accepts passwords from files, without a terminal and without an option', async () => {
    writeFileSync(join(folder, 'password'), `${user.password}\n`, { mode: 0o600 });
    const env = { OSHA_SSH_PASSWORD_FILE: 'password', OSHA_SUDO_PASSWORD_FILE: join(folder, 'password') };
    const run = await oshaWith({ cwd: folder, env }, 'exec', 'inventory.yaml', '--', 'id -un');
    expect(run).toEqual({ exitCode: 0, stdout: 'here | root\n', stderr: '' });
  });

  it('rejects a login without a password, with a hint to ask for it', async () => {
    const { exitCode, stderr } = await exec('true');
    expect(exitCode).toBe(4);
    expect(stderr).toContain('--ask-password');
    expect(asked).toEqual([]);
    const half = await exec('true', '--ask-password');
    expect(half.exitCode).toBe(4);
    expect(half.stderr).toContain('--ask-sudo-password');
  });

  it('rejects a wrong password, which is printed nowhere', async () => {
    const wrong = (): Promise<string> => Promise.resolve('wrong-horse');
    const run = await oshaWith(
      { cwd: folder, askHidden: wrong },
      'exec',
      'inventory.yaml',
      '--json',
      '--ask-password',
      '--',
      'true',
    );
    expect(run.exitCode).toBe(4);
    expect(run.stdout).toContain('rejected');
    expect(run.stdout + run.stderr).not.toContain('wrong-horse');
  });

  it('has the password in no argument and no environment', async () => {
    const seen = await exec(
      `cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -ac ${user.password.slice(0, -1)}[${user.password.slice(-1)}] || :`,
      ...BOTH,
    );
    expect(seen.stdout).toBe('here | 0\n');
  });

  it.each([[[]], [['--json']]])('may print the password: it is masked, with %j', async (options) => {
    const file = join(folder, 'told');
    writeFileSync(file, `it is ${user.password}\n`);
    const { stdout, exitCode } = await exec(`cat ${file}`, ...options, ...BOTH);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('it is <secret SSH password>');
    expect(stdout).not.toContain(user.password);
  });
});

describe('on a terminal', () => {
  it('asks for the password, and does not show it as it is typed', async () => {
    const words = `${OSHA} exec inventory.yaml ${BOTH.join(' ')} --connect-timeout 60 --no-color -- id -un; echo code $? >code`;
    const child = spawn('script', ['-q', '-c', words, '/dev/null'], { cwd: folder });
    let screen = '';
    let answered = 0;
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      screen += chunk;
      const questions = screen.split('password: ').length - 1;
      for (; answered < questions; answered += 1) child.stdin.write(`${user.password}\r`);
    });
    await new Promise((ended) => child.on('close', ended));
    expect(readFileSync(join(folder, 'code'), 'utf8')).toBe('code 0\n');
    expect(answered).toBe(2);
    expect(screen).toContain('here | root');
    expect(screen).not.toContain(user.password);
  }, 180_000);
});
