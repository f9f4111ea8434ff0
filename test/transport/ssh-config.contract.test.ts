import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host, SshSettings } from '../../src/inventory/types.ts';
import { ConnectError } from '../../src/transport/errors.ts';
import type { SshClientOptions } from '../../src/transport/ssh-config.ts';
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

/** A host for which the inventory has only its name and the ssh configuration. */
function bareHost(config: string, ssh: Partial<SshSettings> = {}): Host {
  return aHost('h1', {
    address: 'h1',
    ssh: { sudo: true, knownHosts: [knownHosts], config: file(config), ...ssh },
  });
}

/** Prints the login user, which the variables of sudo no longer show: the last ancestor that is not root, or root. */
const WHO_LOGGED_IN = `p=$$ who=0
while [ "$p" -gt 1 ]; do
  uid=$(awk '$1 == "Uid:" { print $2 }' "/proc/$p/status")
  [ "$uid" = 0 ] || who=$uid
  p=$(awk '$1 == "PPid:" { print $2 }' "/proc/$p/status")
done
id -un "$who"`;

/** The login user and the user of scripts on a new connection; or the error. */
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

describe('without login settings in the inventory', () => {
  it('osha takes name, port, key and user from the ssh configuration, and becomes root as from any user', async () => {
    const config = `Host h*\n  User ${deploy.name}\n  ${reach(target)}\n`;
    expect(await loginAt(bareHost(config))).toBe(`${deploy.name} root`);
    expect(await loginAt(bareHost(config, { sudo: false }))).toBe(`${deploy.name} ${deploy.name}`);
  });

  it('the user is root if the configuration names none either', async () => {
    expect(await loginAt(bareHost(`Host h1\n  ${reach(target)}\n`))).toBe('root root');
  });

  it('Include and Match count', async () => {
    const included = file(`Host h1\n  ${reach(target)}\n`);
    const config = `Include ${included}\nMatch originalhost h1 exec "true"\n  User ${deploy.name}\n`;
    expect(await loginAt(bareHost(config))).toBe(`${deploy.name} root`);
  });

  it('the connection goes through the ProxyJump, with the name, port and key of the hop there', async () => {
    const config = `Host h1\n  ProxyJump gate\n  ${reach(target)}\nHost gate\n  ${reach(gate)}\n`;
    const transport = createSshTransport();
    try {
      const session = await transport.connect(bareHost(config), { timeoutMs: 60_000, acceptNew: false });
      expect(childrenOf(Number(readFileSync(`${gate.folder}/pid`, 'utf8')))).toHaveLength(1);
      await session.close();
    } finally {
      await transport.close();
    }
  });

  it('the connection is direct with "ProxyJump none"', async () => {
    const config = `Host h1\n  ProxyJump none\n  ${reach(target)}\nHost *\n  ProxyJump nowhere.invalid\n`;
    expect(await loginAt(bareHost(config))).toBe('root root');
  });
});

describe('settings of the inventory', () => {
  it('win over user, port and key', async () => {
    const config = 'Host *\n  HostName 127.0.0.1\n  User nobody\n  Port 1\n  IdentityFile /nowhere/key\n';
    const ssh = { user: deploy.name, port: target.port, identity: target.identity };
    expect(await loginAt(bareHost(config, ssh))).toBe(`${deploy.name} root`);
  });

  it('win over ProxyJump and ProxyCommand, also with an empty list of jump hosts', async () => {
    const config = `Host h1\n  ProxyCommand false\n  ${reach(target)}\nHost gate\n  ${reach(gate)}\n`;
    expect(await loginAt(bareHost(config, { jump: [] }))).toBe('root root');
    expect(await loginAt(bareHost(config, { jump: [{ address: 'gate', config: file(config) }] }))).toBe(
      'root root',
    );
  });

  it('can ignore the ssh configuration', async () => {
    const ssh = { config: false, port: target.port, identity: target.identity } as const;
    const host = { ...bareHost('', ssh), address: '127.0.0.1' };
    expect(await loginAt(host, { program: '/nowhere/ssh' })).toBe('root root');
  });
});

describe('the keys of the ssh configuration', () => {
  const login = (...keys: readonly string[]): string =>
    `Host h1\n  HostName 127.0.0.1\n  Port ${target.port}\n${keys.map((key) => `  ${key}\n`).join('')}`;

  it('may be missing, and are named if none fits', async () => {
    const stranger = `${gate.folder}/host_ed25519`;
    expect(
      await loginAt(bareHost(login(`IdentityFile /nowhere/key`, `IdentityFile ${target.identity}`))),
    ).toBe('root root');
    const refused = await withoutAgent(() =>
      loginAt(bareHost(login('IdentityFile /nowhere/key', `IdentityFile ${stranger}`))),
    );
    expect(refused).toMatchObject({
      kind: 'login-refused',
      message: expect.stringContaining(
        `with the key ${stranger}; /nowhere/key does not exist (it accepts`,
      ) as string,
      hint: expect.stringContaining(`-i /nowhere/key -i ${stranger} root@127.0.0.1`) as string,
    });
  });

  it('are the only ones that are used from an agent with IdentitiesOnly, by their public half', async () => {
    const locked = `${target.folder}/locked`;
    execFileSync('sh', [
      '-c',
      'cp "$1" "$2" && ssh-keygen -q -p -N correct-horse -f "$2"',
      'sh',
      target.identity,
      locked,
    ]);
    const stranger = `${gate.folder}/host_ed25519.pub`;
    const only = (key: string): Host => bareHost(login('IdentitiesOnly yes', `IdentityFile ${key}`));
    await withAgent([target.identity], async () => {
      expect(await loginAt(only(locked))).toBe('root root');
      expect(await loginAt(only(`${target.identity}.pub`))).toBe('root root');
      expect(await loginAt(bareHost(login('IdentityFile none')))).toBe('root root');
      expect(await loginAt(only(stranger))).toMatchObject({
        kind: 'login-refused',
        message: expect.stringContaining(
          `root without any key or password; ${stranger} is not a private key`,
        ) as string,
      });
    });
  });
});

describe('an unusable ssh configuration', () => {
  it.each([
    [
      'has a mistake',
      'Hots h1\n',
      /rejects its configuration for h1: .*line 1: Bad configuration option: hots/,
    ],
    ['leads back to the host itself', 'Host *\n  ProxyJump h1\n', /jumphost loop via h1/],
    [
      'has a ProxyCommand',
      'Host *\n  ProxyCommand nc %h %p\n',
      /reaches h1 through a ProxyCommand \(nc %h %p\)/,
    ],
  ])('is reported in the words of ssh if it %s', async (_title, config, message) => {
    expect(await loginAt(bareHost(config))).toMatchObject({
      kind: 'ssh-config',
      message: expect.stringMatching(message) as string,
    });
  });

  it('is reported if the file does not exist', async () => {
    const error = await loginAt(bareHost('', { config: '/nowhere/ssh_config' }));
    expect(error).toMatchObject({ message: expect.stringContaining('/nowhere/ssh_config') as string });
  });

  it('is reported after the time limit', async () => {
    const started = Date.now();
    const error = await loginAt(bareHost('Match exec "sleep 20"\n  User x\n'), { timeoutMs: 500 });
    expect(error).toMatchObject({
      message: 'timed out after 0.5 s reading the ssh configuration for h1',
    });
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  it('is an error without ssh only if the inventory names its file', async () => {
    const program = '/nowhere/ssh';
    const { config: named, ...ssh } = bareHost('').ssh;
    const loopback = { ...ssh, port: target.port, identity: target.identity };
    expect(await loginAt(aHost('h1', { address: '127.0.0.1', ssh: loopback }), { program })).toBe(
      'root root',
    );
    expect(await loginAt(bareHost('', { config: String(named) }), { program })).toMatchObject({
      message: `cannot read ${String(named)}: there is no usable ssh client on this machine`,
    });
  });
});

it('osha reads the default files of ssh if the inventory names none, and passes ssh the settings of the inventory', async () => {
  const log = file('');
  // Like ssh without any configuration, so that the one of the user who runs this test is not read.
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

it('osha runs at most eight lookups in parallel, and one for each host', async () => {
  const log = file('');
  // Logs when it runs, then runs ssh.
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
