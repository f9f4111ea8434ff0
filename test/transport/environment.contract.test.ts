import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSshTransport } from '../../src/transport/ssh.ts';
import type { Session, Transport } from '../../src/transport/session.ts';
import { aHost } from '../support/inventory.ts';
import { startSshd, type Sshd } from './sshd.ts';
import { makeUser, type TestUser } from './users.ts';

const PLENTY = { timeoutMs: 30_000 };
const PROXY = 'http://127.0.0.1:1/';

let sshd: Sshd;
let user: TestUser;
let transport: Transport;

beforeAll(async () => {
  sshd = await startSshd([
    `SetEnv https_proxy=${PROXY} LANG=de_DE.UTF-8 OSHA_LEAK=sshd`,
    'PermitUserEnvironment yes',
  ]);
  user = makeUser('osha-test-env', 'free');
  const kept = 'http_proxy https_proxy no_proxy ALL_PROXY LANG LC_ALL XDG_RUNTIME_DIR OSHA_LEAK TMPDIR';
  appendFileSync(
    `/etc/sudoers.d/${user.name}`,
    `Defaults:${user.name} env_keep += "${kept}"\nDefaults:${user.name} !secure_path\n`,
  );
  const home = `/home/${user.name}`;
  mkdirSync(`${home}/.ssh`, { recursive: true });
  writeFileSync(
    `${home}/.ssh/environment`,
    `http_proxy=${PROXY}\nALL_PROXY=${PROXY}\nLC_ALL=de_DE.UTF-8\nXDG_RUNTIME_DIR=/nowhere\nTMPDIR=/nowhere\nPATH=${home}/bin:/usr/bin:/bin\n`,
  );
  transport = createSshTransport();
});
afterAll(async () => {
  await transport?.close();
  user?.remove();
  await sshd?.stop();
});

async function on<T>(
  login: { user: string; sudo: boolean },
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const { port, identity, knownHosts } = sshd;
  const host = aHost('loopback', {
    address: '127.0.0.1',
    ssh: { ...login, port, identity, knownHosts: [knownHosts], jump: [], config: false },
  });
  const session = await transport.connect(host, { timeoutMs: 20_000, acceptNew: false });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

const lines = (text: string): readonly string[] => text.trim().split('\n').toSorted();

describe('the environment of scripts', () => {
  it('has the variables of this test before osha cleans it', async () => {
    const { execFileSync } = await import('node:child_process');
    const shown = execFileSync('ssh', [
      ...['-F', 'none', '-p', String(sshd.port), '-i', sshd.identity, '-o', 'BatchMode=yes'],
      ...['-o', `UserKnownHostsFile=${sshd.knownHosts}`, `${user.name}@127.0.0.1`, 'sudo -n -H env'],
    ]).toString();
    expect(shown).toContain(`http_proxy=${PROXY}`);
    expect(shown).toContain(`https_proxy=${PROXY}`);
    expect(shown).toContain('LC_ALL=de_DE.UTF-8');
  });

  it.each([
    ['of a user with a sudo that keeps proxies and locales', () => ({ user: user.name, sudo: true })],
    ['of root, with variables from sshd', () => ({ user: 'root', sudo: false })],
  ])('%s is fixed', async (_, login) => {
    const { stdout } = await on(login(), (session) => session.run('env', PLENTY));
    expect(lines(stdout)).toEqual([
      'HOME=/root',
      'LANG=C',
      'LC_ALL=C',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'PWD=/',
    ]);
  });

  it('is the same in another shell on the connection', async () => {
    const { stdout } = await on({ user: user.name, sudo: true }, async (session) =>
      (await session.openAnother(PLENTY)).run('env | grep -i proxy; echo end', PLENTY),
    );
    expect(stdout).toBe('end\n');
  });

  it('ignores programs in the PATH of the user', async () => {
    const bin = `/home/${user.name}/bin`;
    mkdirSync(bin, { recursive: true });
    for (const tool of ['mktemp', 'flock', 'setsid', 'cat']) {
      writeFileSync(`${bin}/${tool}`, '#!/bin/sh\nexit 3\n', { mode: 0o755 });
    }
    const { stdout } = await on({ user: user.name, sudo: true }, (session) =>
      session.run('command -v cat', PLENTY),
    );
    expect(stdout).toBe('/usr/bin/cat\n');
  });
});
