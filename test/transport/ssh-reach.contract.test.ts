import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host, JumpHost, SshSettings } from '../../src/inventory/types.ts';
import { ConnectionDropped } from '../../src/transport/errors.ts';
import type { ConnectOptions } from '../../src/transport/session.ts';
import { createSshTransport } from '../../src/transport/ssh.ts';
import { aHost } from '../support/inventory.ts';
import { childrenOf } from './processes.ts';
import { freePort, startSshd, type Sshd } from './sshd.ts';

const CONNECT: ConnectOptions = { timeoutMs: 60_000, acceptNew: false };
let target: Sshd;
let jump: Sshd;

beforeAll(async () => {
  [target, jump] = await Promise.all([startSshd(), startSshd()]);
});
afterAll(async () => {
  await Promise.all([target?.stop(), jump?.stop()]);
});

function host(ssh: Partial<SshSettings> = {}, address = '127.0.0.1'): Host {
  const { port, identity, knownHosts } = target;
  return aHost('loopback', {
    address,
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

/** The output of a script on a new connection; rejects if there is none. */
async function hello(to: Host, options: Partial<ConnectOptions> = {}): Promise<string> {
  const transport = createSshTransport();
  try {
    const session = await transport.connect(to, { ...CONNECT, ...options });
    const { stdout } = await session.run('echo hello', { timeoutMs: 5000 });
    await session.close();
    return stdout.trim();
  } finally {
    await transport.close();
  }
}

describe('host keys', () => {
  let number = 0;
  const file = (content: string): string => {
    const path = `${target.folder}/known_hosts.${(number += 1)}`;
    writeFileSync(path, content);
    return path;
  };
  const name = (): string => `[127.0.0.1]:${target.port}`;
  /** A key of the right type that is not the host's. */
  const stranger = (): string => jump.hostKey('ed25519');

  it('refuses an unknown one, shows its fingerprint, and records nothing', async () => {
    const knownHosts = [file('# nothing yet')];
    const fingerprint = execFileSync('ssh-keygen', ['-lf', `${target.folder}/host_ed25519.pub`])
      .toString()
      .split(' ')[1];
    await expect(hello(host({ knownHosts }))).rejects.toMatchObject({
      kind: 'host-key-unknown',
      message: expect.stringContaining(`${name()} (ssh-ed25519 ${fingerprint})`) as string,
      hint: expect.stringContaining('--accept-new') as string,
    });
    expect(readFileSync(knownHosts[0] ?? '', 'utf8')).toBe('# nothing yet');
  });

  it('records an unknown one with acceptNew, on a line of its own, and knows it afterwards', async () => {
    const knownHosts = [`${target.folder}/made/known_hosts`, file(`other ${stranger()}`)];
    expect(await hello(host({ knownHosts }), { acceptNew: true })).toBe('hello');
    expect(readFileSync(knownHosts[0] ?? '', 'utf8')).toBe(`${name()} ${target.hostKey('ed25519')}\n`);
    expect(await hello(host({ knownHosts }))).toBe('hello');
    const unended = [file(`other ${stranger()}`)];
    await hello(host({ knownHosts: unended }), { acceptNew: true });
    expect(readFileSync(unended[0] ?? '', 'utf8').split('\n')).toHaveLength(3);
  });

  it('says so when it cannot record one', async () => {
    const error = hello(host({ knownHosts: ['/proc/osha/known_hosts'] }), { acceptNew: true });
    await expect(error).rejects.toMatchObject({
      message: expect.stringContaining('cannot record the host key') as string,
    });
  });

  it.each([false, true])(
    'refuses a changed one (accept new: %s) and names file and line',
    async (acceptNew) => {
      const path = file(`# first line\n${name()} ${stranger()}\n`);
      await expect(hello(host({ knownHosts: [path] }), { acceptNew })).rejects.toMatchObject({
        kind: 'host-key-changed',
        message: expect.stringContaining(`${path}:2`) as string,
        hint: expect.stringContaining(`ssh-keygen -R '${name()}' -f ${path}`) as string,
      });
    },
  );

  it('refuses a revoked one', async () => {
    const key = target.hostKey('ed25519');
    const path = file(`${name()} ${key}\n@revoked * ${key}\n`);
    await expect(hello(host({ knownHosts: [path] }), { acceptNew: true })).rejects.toMatchObject({
      kind: 'host-key-changed',
      message: expect.stringContaining(`revoked in ${path}:2`) as string,
    });
  });

  it('knows a host from a hashed line', async () => {
    const path = file(`${name()} ${target.hostKey('ed25519')}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', path], { stdio: 'ignore' });
    expect(readFileSync(path, 'utf8')).toMatch(/^\|1\|/);
    expect(await hello(host({ knownHosts: [path] }))).toBe('hello');
  });

  it('knows a host with only its RSA key on record', async () => {
    expect(await hello(host({ knownHosts: [file(`${name()} ${target.hostKey('rsa')}\n`)] }))).toBe('hello');
  });
});

describe('a host that rejects osha', () => {
  it('refuses connections', async () => {
    await expect(hello(host({ port: await freePort() }))).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('refuses connections') as string,
    });
  });

  it('has a name that does not resolve', async () => {
    await expect(hello(host({}, 'no-such-host.invalid'))).rejects.toMatchObject({ kind: 'name-unknown' });
  });

  it('accepts the connection and sends nothing', async () => {
    const mute = createServer(() => undefined);
    const port = await new Promise<number>((resolve) => {
      mute.listen(0, '127.0.0.1', () => resolve((mute.address() as { port: number }).port));
    });
    const started = Date.now();
    await expect(hello(host({ port }), { timeoutMs: 400 })).rejects.toMatchObject({
      kind: 'timed-out',
      message: expect.stringContaining('after 0.4 s') as string,
    });
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('Ctrl-C')), 100);
    await expect(hello(host({ port }), { signal: abort.signal })).rejects.toThrow('Ctrl-C');
    expect(Date.now() - started).toBeLessThan(15_000);
    mute.close();
  });

  it('is not an SSH server', async () => {
    const web = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const port = await new Promise<number>((resolve) => {
      web.listen(0, '127.0.0.1', () => resolve((web.address() as { port: number }).port));
    });
    await expect(hello(host({ port }))).rejects.toMatchObject({ kind: 'unreachable' });
    web.close();
  });

  it('allows a login but no shell', async () => {
    const forced = await startSshd(['ForceCommand echo "this account is not available" >&2; exit 1']);
    try {
      const { port, identity, knownHosts } = forced;
      await expect(hello(host({ port, identity, knownHosts: [knownHosts] }))).rejects.toMatchObject({
        kind: 'no-shell',
        message: expect.stringContaining('this account is not available') as string,
      });
    } finally {
      await forced.stop();
    }
  });
});

describe('a jump host', () => {
  const hop = (overrides: Partial<JumpHost> = {}): JumpHost => {
    const { port, identity } = jump;
    return { address: '127.0.0.1', user: 'root', port, identity, config: false, ...overrides };
  };
  const behind = (...hops: readonly JumpHost[]): Host => {
    writeFileSync(
      `${jump.folder}/both`,
      readFileSync(jump.knownHosts, 'utf8') + readFileSync(target.knownHosts, 'utf8'),
    );
    return host({ jump: hops, knownHosts: [`${jump.folder}/both`] });
  };

  it('forwards to the host, and one connection to it serves all hosts behind it', async () => {
    const transport = createSshTransport();
    const sessions = await Promise.all([1, 2, 3].map(() => transport.connect(behind(hop()), CONNECT)));
    const daemon = Number(readFileSync(`${jump.folder}/pid`, 'utf8'));
    expect(childrenOf(daemon)).toHaveLength(1);
    const answers = await Promise.all(
      sessions.map((session) => session.run('echo hello', { timeoutMs: 5000 })),
    );
    expect(answers.map(({ stdout }) => stdout)).toEqual(['hello\n', 'hello\n', 'hello\n']);
    jump.dropAll();
    await expect(sessions[0]?.run('sleep 5', { timeoutMs: 5000 })).rejects.toBeInstanceOf(ConnectionDropped);
    const again = await transport.connect(behind(hop()), CONNECT);
    expect((await again.run('echo again', { timeoutMs: 5000 })).stdout).toBe('again\n');
    await Promise.all([...sessions, again].map((session) => session.close()));
    await transport.close();
  });

  it('can be one of several', async () => {
    const second: JumpHost = {
      address: '127.0.0.1',
      user: 'root',
      port: target.port,
      identity: target.identity,
      config: false,
    };
    expect(await hello(behind(hop(), second))).toBe('hello');
  });

  it('that refuses connections is named in the error', async () => {
    const port = await freePort();
    await expect(hello(behind(hop({ port })))).rejects.toMatchObject({
      kind: 'jump-failed',
      message: expect.stringContaining(`the jump host: 127.0.0.1 port ${port} refuses connections`) as string,
    });
  });

  it('with an unknown host key is refused', async () => {
    const ssh = { jump: [hop()], knownHosts: [target.knownHosts] };
    await expect(hello(host(ssh))).rejects.toMatchObject({
      kind: 'jump-failed',
      hint: expect.stringContaining('--accept-new') as string,
    });
  });

  it('that cannot reach the host is named in the error', async () => {
    const closed = behind(hop());
    const port = await freePort();
    await expect(hello({ ...closed, ssh: { ...closed.ssh, port } })).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('cannot reach 127.0.0.1 port') as string,
    });
  });
});

describe('many hosts', () => {
  // A login shell's own profile may take a second of CPU, and there are twenty.
  it('are connected in parallel', { timeout: 180_000 }, async () => {
    const transport = createSshTransport();
    const sessions = await Promise.all(Array.from({ length: 20 }, () => transport.connect(host(), CONNECT)));
    const answers = await Promise.all(
      sessions.map((session, number) => session.run(`echo ${number}`, { timeoutMs: 20_000 })),
    );
    expect(answers.map(({ stdout }) => Number(stdout))).toEqual(sessions.map((_, number) => number));
    await Promise.all(sessions.map((session) => session.close()));
    await transport.close();
  });
});

describe('a network that fails silently', () => {
  it('is detected by keepalives, and the host ends the session', async () => {
    const transport = createSshTransport({ liveness: { intervalMs: 200, missed: 2 } });
    const session = await transport.connect(host(), CONNECT);
    const { stdout } = await session.run('dirname "$0"', { timeoutMs: 5000 });
    const folder = stdout.trim();
    const daemon = Number(readFileSync(`${target.folder}/pid`, 'utf8'));
    const frozen = childrenOf(daemon);
    const running = session.run('sleep 305', { timeoutMs: 60_000 });
    const dropped = expect(running).rejects.toThrow('the host stopped answering');
    await new Promise((resolve) => setTimeout(resolve, 300));
    // To both ends, a stopped sshd looks like a dead network: nothing arrives, and nothing ends.
    for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    const { becomes, commandLines } = await import('./processes.ts');
    const { existsSync } = await import('node:fs');
    try {
      await dropped;
      expect(await becomes(() => !existsSync(folder), 10_000)).toBe(true);
      expect(commandLines(/^sleep 305$/)).toEqual([]);
    } finally {
      for (const pid of frozen) process.kill(pid, 'SIGKILL');
    }
    await session.close();
    await transport.close();
  });
});
