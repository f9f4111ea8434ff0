import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host, SshSettings } from '../../src/inventory/types.ts';
import { ConnectError } from '../../src/transport/errors.ts';
import type { SshClientOptions } from '../../src/transport/ssh-client.ts';
import { createSshTransport } from '../../src/transport/ssh.ts';
import { aHost } from '../support/inventory.ts';
import { childrenOf } from './processes.ts';
import { freePort, startSshd, type Sshd } from './sshd.ts';
import { makeUser, type TestUser } from './users.ts';

let target: Sshd;
let gate: Sshd;
let deploy: TestUser;
/** Known hosts of both. */
let knownHosts: string;

beforeAll(async () => {
  [target, gate] = await Promise.all([startSshd(), startSshd()]);
  deploy = makeUser('osha-test-config', 'free');
  knownHosts = `${target.folder}/both`;
  writeFileSync(knownHosts, readFileSync(target.knownHosts, 'utf8') + readFileSync(gate.knownHosts, 'utf8'));
});
afterAll(async () => {
  deploy?.remove();
  await Promise.all([target?.stop(), gate?.stop()]);
});

let files = 0;
function file(content: string, mode = 0o600): string {
  const path = `${target.folder}/file.${(files += 1)}`;
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

/** A host of which the inventory says nothing but its name and where ssh's configuration is. */
function silent(config: string, ssh: Partial<SshSettings> = {}): Host {
  return aHost('h1', {
    address: 'h1',
    ssh: { sudo: true, knownHosts: [knownHosts], config: file(config), ...ssh },
  });
}

/** Prints who logged in, which sudo's own variables no longer say: the last ancestor that is not root, or root. */
const WHO_LOGGED_IN = `p=$$ who=0
while [ "$p" -gt 1 ]; do
  uid=$(awk '$1 == "Uid:" { print $2 }' "/proc/$p/status")
  [ "$uid" = 0 ] || who=$uid
  p=$(awk '$1 == "PPid:" { print $2 }' "/proc/$p/status")
done
id -un "$who"`;

/** What the login shell's user is called on a new connection, before sudo; or why there is none. */
async function loginAt(host: Host, client?: SshClientOptions): Promise<string | ConnectError> {
  const transport = createSshTransport(client ? { client } : {});
  try {
    const session = await transport.connect(host, { timeoutMs: 60_000, acceptNew: false });
    const { stdout } = await session.run(`echo "$(${WHO_LOGGED_IN}) $(id -un)"`, { timeoutMs: 5000 });
    await session.close();
    return stdout.trim();
  } catch (error) {
    if (error instanceof ConnectError) return error;
    throw error;
  } finally {
    await transport.close();
  }
}

const reach = (sshd: Sshd): string =>
  `HostName 127.0.0.1\n  Port ${sshd.port}\n  IdentityFile ${sshd.identity}`;

describe('where the inventory is silent', () => {
  it("takes name, port, key and user from ssh's configuration, and becomes root as from any user", async () => {
    const config = `Host h*\n  User ${deploy.name}\n  ${reach(target)}\n`;
    expect(await loginAt(silent(config))).toBe(`${deploy.name} root`);
    expect(await loginAt(silent(config, { sudo: false }))).toBe(`${deploy.name} ${deploy.name}`);
  });

  it('is root where the configuration names no user either', async () => {
    expect(await loginAt(silent(`Host h1\n  ${reach(target)}\n`))).toBe('root root');
  });

  it('takes what Include and Match say', async () => {
    const included = file(`Host h1\n  ${reach(target)}\n`);
    const config = `Include ${included}\nMatch originalhost h1 exec "true"\n  User ${deploy.name}\n`;
    expect(await loginAt(silent(config))).toBe(`${deploy.name} root`);
  });

  it('goes through the ProxyJump, which has a name, port and key of its own there', async () => {
    const config = `Host h1\n  ProxyJump gate\n  ${reach(target)}\nHost gate\n  ${reach(gate)}\n`;
    const transport = createSshTransport();
    try {
      const session = await transport.connect(silent(config), { timeoutMs: 60_000, acceptNew: false });
      expect(childrenOf(Number(readFileSync(`${gate.folder}/pid`, 'utf8')))).toHaveLength(1);
      await session.close();
    } finally {
      await transport.close();
    }
  });

  it('goes through no jump host with "ProxyJump none"', async () => {
    const config = `Host h1\n  ProxyJump none\n  ${reach(target)}\nHost *\n  ProxyJump nowhere.invalid\n`;
    expect(await loginAt(silent(config))).toBe('root root');
  });
});

describe('what the inventory says', () => {
  it('wins over user, port and key', async () => {
    const config = 'Host *\n  HostName 127.0.0.1\n  User nobody\n  Port 1\n  IdentityFile /nowhere/key\n';
    const ssh = { user: deploy.name, port: target.port, identity: target.identity };
    expect(await loginAt(silent(config, ssh))).toBe(`${deploy.name} root`);
  });

  it('wins over ProxyJump and ProxyCommand, also where it says that there is none', async () => {
    const config = `Host h1\n  ProxyCommand false\n  ${reach(target)}\nHost gate\n  ${reach(gate)}\n`;
    expect(await loginAt(silent(config, { jump: [] }))).toBe('root root');
    expect(await loginAt(silent(config, { jump: [{ address: 'gate', config: file(config) }] }))).toBe(
      'root root',
    );
  });

  it("can be that ssh's configuration does not count", async () => {
    const ssh = { config: false, port: target.port, identity: target.identity } as const;
    const host = { ...silent('', ssh), address: '127.0.0.1' };
    expect(await loginAt(host, { program: '/nowhere/ssh' })).toBe('root root');
  });
});

describe("the keys of ssh's configuration", () => {
  const login = (...keys: readonly string[]): string =>
    `Host h1\n  HostName 127.0.0.1\n  Port ${target.port}\n${keys.map((key) => `  ${key}\n`).join('')}`;

  it('may not be there, and are named where none fits', async () => {
    const stranger = `${gate.folder}/host_ed25519`;
    expect(await loginAt(silent(login(`IdentityFile /nowhere/key`, `IdentityFile ${target.identity}`)))).toBe(
      'root root',
    );
    const refused = await withoutAgent(() =>
      loginAt(silent(login('IdentityFile /nowhere/key', `IdentityFile ${stranger}`))),
    );
    expect(refused).toMatchObject({
      kind: 'login-refused',
      message: expect.stringContaining(
        `with the key ${stranger}; /nowhere/key is not there (it takes`,
      ) as string,
      hint: expect.stringContaining(`-i /nowhere/key -i ${stranger} root@127.0.0.1`) as string,
    });
  });

  it('are the only ones that are taken from an agent with IdentitiesOnly, by their public half', async () => {
    const locked = `${target.folder}/locked`;
    execFileSync('sh', [
      '-c',
      'cp "$1" "$2" && ssh-keygen -q -p -N correct-horse -f "$2"',
      'sh',
      target.identity,
      locked,
    ]);
    const stranger = `${gate.folder}/host_ed25519.pub`;
    const only = (key: string): Host => silent(login('IdentitiesOnly yes', `IdentityFile ${key}`));
    await withAgent([target.identity], async () => {
      expect(await loginAt(only(locked))).toBe('root root');
      expect(await loginAt(only(`${target.identity}.pub`))).toBe('root root');
      expect(await loginAt(silent(login('IdentityFile none')))).toBe('root root');
      expect(await loginAt(only(stranger))).toMatchObject({
        kind: 'login-refused',
        message: expect.stringContaining(
          `in without any key or password; ${stranger} is not a private key`,
        ) as string,
      });
    });
  });
});

describe("ssh's configuration, where it cannot be used", () => {
  it.each([
    [
      'has a mistake',
      'Hots h1\n',
      /does not accept its configuration for h1: .*line 1: Bad configuration option: hots/,
    ],
    ['leads back to the host itself', 'Host *\n  ProxyJump h1\n', /jumphost loop via h1/],
    ['has a ProxyCommand', 'Host *\n  ProxyCommand nc %h %p\n', /reaches h1 by a ProxyCommand \(nc %h %p\)/],
  ])('because it %s, is told with the words of ssh', async (_title, config, message) => {
    expect(await loginAt(silent(config))).toMatchObject({
      kind: 'ssh-config',
      message: expect.stringMatching(message) as string,
    });
  });

  it('because the file is not there, is told too', async () => {
    const error = await loginAt(silent('', { config: '/nowhere/ssh_config' }));
    expect(error).toMatchObject({ message: expect.stringContaining('/nowhere/ssh_config') as string });
  });

  it('because it takes too long, is told after the time for it', async () => {
    const started = Date.now();
    const error = await loginAt(silent('Match exec "sleep 20"\n  User x\n'), { timeoutMs: 500 });
    expect(error).toMatchObject({
      message: 'ssh did not say within 0.5 s what its configuration means for h1',
    });
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  it('because there is no ssh, counts only where the inventory names its file', async () => {
    const program = '/nowhere/ssh';
    const { config: named, ...ssh } = silent('').ssh;
    const loopback = { ...ssh, port: target.port, identity: target.identity };
    expect(await loginAt(aHost('h1', { address: '127.0.0.1', ssh: loopback }), { program })).toBe(
      'root root',
    );
    expect(await loginAt(silent('', { config: String(named) }), { program })).toMatchObject({
      message: `${String(named)} cannot be read: there is no usable ssh on this machine to ask`,
    });
  });
});

it("reads ssh's usual files where the inventory names none, and tells ssh what the inventory says", async () => {
  const log = file('');
  // Answers as ssh does without any configuration: that of whoever runs this test is not read.
  const program = file(`#!/bin/sh\necho "$*" >> ${log}\nexec ssh -F none -G h1\n`, 0o700);
  const host = aHost('h1', {
    address: '127.0.0.1',
    ssh: {
      user: 'root',
      port: await freePort(),
      sudo: true,
      knownHosts: [],
      jump: [{ address: '127.0.0.2' }],
    },
  });
  expect(await loginAt(host, { program })).toBeInstanceOf(ConnectError);
  const asked = readFileSync(log, 'utf8').trim().split('\n').toSorted();
  expect(asked).toEqual([
    '-T -G -- 127.0.0.2',
    '-T -G -F none -- localhost',
    `-T -G -l root -p ${host.ssh.port ?? 0} -- 127.0.0.1`,
  ]);
});

it('asks at most eight times at once, and for the same host once', async () => {
  const log = file('');
  // Says that it runs, then does what ssh does.
  const program = file(`#!/bin/sh\necho + >> ${log}; sleep 0.1; echo - >> ${log}\nexec ssh "$@"\n`, 0o700);
  const port = await freePort();
  const config = file('');
  const transport = createSshTransport({ client: { program } });
  const hosts = Array.from({ length: 20 }, (_, number) =>
    aHost('h1', {
      address: `127.0.1.${number + 1}`,
      ssh: { user: userInfo().username, port, sudo: true, knownHosts: [], config },
    }),
  );
  await Promise.allSettled(
    [...hosts, ...hosts].map((host) => transport.connect(host, { timeoutMs: 60_000, acceptNew: false })),
  );
  await transport.close();
  let running = 0;
  const counts = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (running += line === '+' ? 1 : -1));
  expect(counts).toHaveLength(2 * 21);
  expect(Math.max(...counts)).toBeLessThanOrEqual(8);
});

async function withoutAgent<T>(work: () => Promise<T>): Promise<T> {
  return withSocket(undefined, work);
}

async function withAgent(keys: readonly string[], work: () => Promise<void>): Promise<void> {
  const socket = `${target.folder}/agent`;
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(execFileSync('ssh-agent', ['-a', socket]).toString())?.[1]);
  try {
    execFileSync('ssh-add', ['-q', ...keys], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    await withSocket(socket, work);
  } finally {
    process.kill(pid);
  }
}

async function withSocket<T>(socket: string | undefined, work: () => Promise<T>): Promise<T> {
  const before = process.env['SSH_AUTH_SOCK'];
  const set = (value: string | undefined): void => {
    if (value === undefined) delete process.env['SSH_AUTH_SOCK'];
    else process.env['SSH_AUTH_SOCK'] = value;
  };
  try {
    set(socket);
    return await work();
  } finally {
    set(before);
  }
}
