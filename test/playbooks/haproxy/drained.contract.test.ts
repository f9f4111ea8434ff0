import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DrainedOptions, servers } from '../../../playbooks/haproxy/drained.ts';
import { ADMIN_SOCKET } from '../../../playbooks/haproxy/files/conf.ts';
import type { ProbeAnswer } from '../../../src/playbook/operation.ts';
import { aHost } from '../../support/inventory.ts';
import { folderForAll } from '../../support/temporary-folder.ts';
import { PATH, runMeanwhile } from '../openstack/operations/meanwhile.ts';

/** What osha uses of socat, where it is not installed. */
const SOCAT = `#!/usr/bin/perl
use IO::Socket::UNIX;
my ($path) = $ARGV[-1] =~ /^UNIX-CONNECT:(.*)/;
my $admin = IO::Socket::UNIX->new(Peer => $path) or die "socat: $path: $!\\n";
$admin->print(<STDIN>);
$admin->shutdown(1);
print while <$admin>;
`;
const hasSocat = spawnSync('socat', ['-V']).status === 0;
const installed = spawnSync('haproxy', ['-v']).status === 0;

const folder = folderForAll();
const at = (name: string): string => join(folder, name);
/** Connections that each server has, by its name. */
const open = new Map<string, Set<Socket>>([
  ['c1', new Set()],
  ['c2', new Set()],
]);
const behind: Server[] = [];
let haproxy: ChildProcess | undefined;

const options: DrainedOptions = {
  frontends: [
    {
      name: 'broker',
      vip: 'api',
      port: 5672,
      mode: 'tcp',
      balance: 'roundrobin',
      active: 'all',
      servers: ['c1', 'c2', 'c9'].map((host) => ({ host, address: '192.0.2.1', port: 5672 })),
    },
  ],
  vips: [
    {
      name: 'api',
      address: '192.0.2.20',
      prefixLength: 24,
      interface: 'eth0',
      by: 'pacemaker',
      haproxy: true,
      holders: ['balancer'],
    },
  ],
  unit: 'haproxy',
};
const operation = (host: string, wanted: 'drained' | 'ready') =>
  servers(aHost('balancer'), aHost(host), wanted, options);

/** Runs a script of osha against this HAProxy. `timeout` shortens the time limits; the default makes 30 s of them 2 s. */
function run(script: string, timeout = 60): Promise<ProbeAnswer> {
  const path = hasSocat ? PATH : [folder, PATH].join(delimiter);
  return runMeanwhile(`set -e\n${script.replaceAll(ADMIN_SOCKET, at('admin'))}`, '', {
    PATH: path,
    OSHA_TIMEOUT: String(timeout),
  });
}

/** Makes what is pending, and returns what the script said. */
async function make(host: string, wanted: 'drained' | 'ready', timeout?: number): Promise<ProbeAnswer> {
  const asked = operation(host, wanted);
  const [change] = asked.decide(asked.probe.parse(await run(asked.probe.script)));
  if (!change) throw new Error('nothing is pending');
  return run(change.script, timeout);
}

async function statuses(): Promise<Readonly<Record<string, string>>> {
  const { probe } = operation('c1', 'drained');
  const states = probe.parse(await run(probe.script)) ?? [];
  return Object.fromEntries(
    states.filter(({ server }) => open.has(server)).map(({ server, status }) => [server, status]),
  );
}

const soon = (ms: number): Promise<void> => new Promise((over) => setTimeout(over, ms));

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !what(); tries += 1) await soon(50);
  if (!what()) throw new Error('it did not happen in time');
}

const total = (): number => [...open.values()].reduce((sum, sockets) => sum + sockets.size, 0);

/** Opens a connection to a server through HAProxy. */
async function clientOf(server: string): Promise<Socket> {
  for (let tries = 0; tries < 10; tries += 1) {
    const [before, all] = [open.get(server)?.size ?? 0, total()];
    const client = connect(at('front'));
    client.on('error', () => undefined).resume();
    await until(() => total() > all);
    if ((open.get(server)?.size ?? 0) > before) return client;
    client.destroy();
    await until(() => total() === all);
  }
  throw new Error(`HAProxy sends no client to ${server}`);
}

beforeAll(async () => {
  if (!installed) return;
  writeFileSync(at('socat'), SOCAT);
  chmodSync(at('socat'), 0o755);
  for (const [name, sockets] of open) {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      socket.resume();
    });
    behind.push(server);
    await new Promise<void>((ready) => server.listen(at(name), ready));
  }
  writeFileSync(
    at('haproxy.cfg'),
    `global
    stats socket ${at('admin')} mode 600 level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen broker
    bind unix@${at('front')}
    balance roundrobin
    server c1 unix@${at('c1')}
    server c2 unix@${at('c2')}
listen other
    bind unix@${at('other')}
    server c1 unix@${at('c1')}
`,
  );
  haproxy = spawn('haproxy', ['-db', '-f', at('haproxy.cfg')], { stdio: 'ignore' });
  await until(() => existsSync(at('admin')) && existsSync(at('front')));
});

afterAll(async () => {
  haproxy?.kill('SIGKILL');
  for (const sockets of open.values()) for (const socket of sockets) socket.destroy();
  await Promise.all(behind.map((server) => new Promise((closed) => server.close(closed))));
});

describe.skipIf(!installed)('a server behind a real HAProxy', () => {
  beforeEach(async () => {
    await run(
      ['c1', 'c2']
        .map(
          (name) =>
            `printf 'set server broker/${name} state ready\\n' | socat - UNIX-CONNECT:${ADMIN_SOCKET}`,
        )
        .join('\n'),
    );
  });

  it('gets no clients while it is drained, and the others all of them', async () => {
    expect(await make('c1', 'drained')).toEqual({ stdout: '', stderr: '', exitCode: 0 });
    expect(await statuses()).toMatchObject({ c2: 'no check' });
    const asked = operation('c1', 'drained');
    expect(asked.decide(asked.probe.parse(await run(asked.probe.script)))).toEqual([]);
    await expect(clientOf('c1')).rejects.toThrow('sends no client to c1');
    (await clientOf('c2')).destroy();
  });

  it('is waited for while its connections end by themselves, and longer than those of others', async () => {
    const [leaving, staying] = [await clientOf('c1'), await clientOf('c2')];
    let isOver = false;
    const drained = make('c1', 'drained', 900).finally(() => (isOver = true));
    await soon(3000);
    expect(isOver).toBe(false);
    expect(open.get('c1')?.size).toBe(1);
    leaving.destroy();
    expect(await drained).toEqual({ stdout: '', stderr: '', exitCode: 0 });
    expect(open.get('c2')?.size).toBe(1);
    staying.destroy();
  });

  it('loses the connections that do not end in time', async () => {
    const [client, other] = [await clientOf('c1'), await clientOf('c2')];
    const closed = new Promise((over) => client.on('close', over));
    expect(await make('c1', 'drained')).toEqual({ stdout: '', stderr: '', exitCode: 0 });
    await closed;
    await until(() => open.get('c1')?.size === 0);
    expect(open.get('c2')?.size).toBe(1);
    other.destroy();
  });

  it('gets clients again once it is ready', async () => {
    await make('c1', 'drained');
    expect(await make('c1', 'ready')).toEqual({ stdout: '', stderr: '', exitCode: 0 });
    (await clientOf('c1')).destroy();
  });

  it.each(['drained', 'ready'] as const)(
    'that HAProxy does not know fails the change (%s), with its answer',
    async (wanted) => {
      const status = wanted === 'drained' ? 'UP' : 'MAINT';
      const [change] = operation('c9', wanted).decide([
        { section: 'broker', server: 'c9', status, check: '' },
      ]);
      const { exitCode, stderr } = await run(change?.script ?? '');
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^set server broker\/c9 state (drain|ready): No such server\./);
    },
  );

  it('is left alone where HAProxy does not run', async () => {
    const asked = operation('c1', 'drained');
    const answer = await run(
      `${asked.probe.script.replaceAll(ADMIN_SOCKET, at('nothing'))} 2>/dev/null || :`,
    );
    expect(asked.decide(asked.probe.parse(answer))).toEqual([]);
  });
});
