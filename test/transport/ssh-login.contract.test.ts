import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host, SshSettings } from '../../src/inventory/types.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { ConnectError } from '../../src/transport/errors.ts';
import { createSshTransport, type SshTransportOptions } from '../../src/transport/ssh.ts';
import { aHost } from '../support/inventory.ts';
import { startSshd, type Sshd } from './sshd.ts';
import { makeUser, type TestUser } from './users.ts';

let sshd: Sshd;
let free: TestUser;
let asked: TestUser;
let none: TestUser;

beforeAll(async () => {
  sshd = await startSshd();
  free = makeUser('osha-test-free', 'free');
  asked = makeUser('osha-test-asked', 'password');
  none = makeUser('osha-test-none', 'none');
});
afterAll(async () => {
  for (const user of [free, asked, none]) user?.remove();
  await sshd?.stop();
});

function host(ssh: Partial<SshSettings>): Host {
  const { port, identity, knownHosts } = sshd;
  return aHost('loopback', {
    address: '127.0.0.1',
    ssh: {
      user: 'root',
      port,
      sudo: false,
      identity,
      knownHosts: [knownHosts],
      jump: [],
      config: false,
      ...ssh,
    },
  });
}

/** The user of scripts in a new session, or the error. */
async function whoAmI(
  ssh: Partial<SshSettings>,
  options: SshTransportOptions = {},
): Promise<string | ConnectError> {
  const transport = createSshTransport(options);
  try {
    const session = await transport.connect(host(ssh), { timeoutMs: 60_000, acceptNew: false });
    const { stdout } = await session.run('id -un; echo "$HOME"', { timeoutMs: 5000 });
    await session.close();
    return stdout.trim().replace('\n', ' in ');
  } catch (error) {
    if (error instanceof ConnectError) return error;
    throw error;
  } finally {
    await transport.close();
  }
}

const secret = (value: string): Secret => new Secret('password', value);

describe('sudo', () => {
  it('is not used for root', async () => {
    expect(await whoAmI({ sudo: true })).toBe('root in /root');
  });

  it('works without a password if sudo allows it', async () => {
    expect(await whoAmI({ user: free.name, sudo: true })).toBe('root in /root');
  });

  it('is not used unless the inventory asks for it', async () => {
    expect(await whoAmI({ user: free.name })).toBe(`${free.name} in /home/${free.name}`);
  });

  it('gets the password on stdin when it asks for one', async () => {
    const sudo = secret(asked.password);
    expect(await whoAmI({ user: asked.name, sudo: true }, { passwords: { sudo } })).toBe('root in /root');
  });

  it('does not get a password that it does not ask for', async () => {
    const sudo = secret('needless');
    expect(await whoAmI({ user: free.name, sudo: true }, { passwords: { sudo } })).toBe('root in /root');
  });

  it('fails with a hint if it needs a password and none is given', async () => {
    const error = await whoAmI({ user: asked.name, sudo: true });
    expect(error).toMatchObject({
      kind: 'sudo-refused',
      message: expect.stringContaining(asked.name) as string,
    });
    expect((error as ConnectError).hint).toContain('NOPASSWD');
  });

  it('refuses a wrong password, without showing it', async () => {
    const error = await whoAmI(
      { user: asked.name, sudo: true },
      { passwords: { sudo: secret('wrong-horse') } },
    );
    expect(error).toMatchObject({ kind: 'sudo-refused' });
    expect((error as ConnectError).message).toContain('rejected the password');
    expect(`${(error as ConnectError).message} ${(error as ConnectError).hint}`).not.toContain('wrong-horse');
  });

  it('is refused to a user who may not', async () => {
    const sudo = secret(none.password);
    const error = await whoAmI({ user: none.name, sudo: true }, { passwords: { sudo } });
    expect(error).toMatchObject({ kind: 'sudo-refused' });
    expect((error as ConnectError).message).toMatch(/not (in the sudoers file|allowed)|cannot become root/);
  });
});

describe('logging in', () => {
  const emptyKey = (): string => {
    const file = `${sshd.folder}/stranger`;
    execFileSync('sh', ['-c', `[ -e "$1" ] || ssh-keygen -q -t ed25519 -N '' -f "$1"`, 'sh', file]);
    return file;
  };

  it('uses the password if no key fits', async () => {
    const login = secret(asked.password);
    const ssh = { user: asked.name, identity: emptyKey() };
    expect(await whoAmI(ssh, { passwords: { login } })).toBe(`${asked.name} in /home/${asked.name}`);
  });

  it('names what was tried and what the host would accept', async () => {
    const error = await whoAmI({ identity: emptyKey() }, { passwords: { login: secret('wrong-horse') } });
    expect(error).toMatchObject({ kind: 'login-refused' });
    const { message, hint } = error as ConnectError;
    expect(message).toContain(
      `with the key ${sshd.folder}/stranger, the password (it accepts: publickey,password)`.replace(
        ',p',
        ', p',
      ),
    );
    expect(message + hint).not.toContain('wrong-horse');
    expect(hint).toContain(`ssh -p ${sshd.port} -i ${sshd.folder}/stranger root@127.0.0.1`);
  });

  it.each([
    ['that is missing', '/nowhere/key', 'cannot read the key /nowhere/key: ENOENT'],
    ['that is a public key', () => `${sshd.identity}.pub`, 'is not a private key'],
  ])('names a key %s', async (_, identity, message) => {
    const file = typeof identity === 'string' ? identity : identity();
    expect(await whoAmI({ identity: file })).toMatchObject({
      kind: 'identity-unreadable',
      message: expect.stringContaining(message) as string,
    });
  });

  it('asks for an agent if the key has a passphrase, and uses it once it holds the key', async () => {
    const file = `${sshd.folder}/locked`;
    execFileSync('sh', [
      '-c',
      `cp "$1" "$2" && ssh-keygen -q -p -N correct-horse -f "$2"`,
      'sh',
      sshd.identity,
      file,
    ]);
    const before = process.env['SSH_AUTH_SOCK'];
    try {
      delete process.env['SSH_AUTH_SOCK'];
      const error = await whoAmI({ identity: file });
      expect(error).toMatchObject({ kind: 'identity-unreadable' });
      expect((error as ConnectError).hint).toContain(`ssh-add ${file}`);
      process.env['SSH_AUTH_SOCK'] = '/nowhere/agent';
      expect(await whoAmI({ identity: file })).toMatchObject({ kind: 'identity-unreadable' });
      expect(await whoAmI({})).toBe('root in /root');
      const socket = `${sshd.folder}/agent`;
      const agent = execFileSync('ssh-agent', ['-a', socket]).toString();
      const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(agent)?.[1]);
      try {
        execFileSync('ssh-add', ['-q', sshd.identity], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
        process.env['SSH_AUTH_SOCK'] = socket;
        expect(await whoAmI({ identity: file })).toBe('root in /root');
      } finally {
        process.kill(pid);
      }
    } finally {
      if (before === undefined) delete process.env['SSH_AUTH_SOCK'];
      else process.env['SSH_AUTH_SOCK'] = before;
    }
  });
});
