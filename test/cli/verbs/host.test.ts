import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConnectError, type ConnectFailure } from '../../../src/transport/errors.ts';
import type { Transport } from '../../../src/transport/session.ts';
import { folderForTest } from '../../support/temporary-folder.ts';
import { createFakeTransport } from '../../transport/fake.ts';
import { oshaWith, type CliResult } from '../run-cli.ts';

const INVENTORY = `name: prod
hosts:
  a: { address: 192.0.2.11, roles: [controller] }
  b: { address: 192.0.2.12, roles: [controller] }
  c: { address: 192.0.2.13, roles: [controller] } # rack 3
  d: { address: 192.0.2.14, roles: [controller] }
vips:
  api: { address: 192.0.2.20/24, interface: eth0 }
haproxy: { internal_vip: api }
`;

let folder: string;
beforeEach(() => {
  folder = folderForTest();
  writeFileSync(join(folder, 'inventory.yaml'), INVENTORY);
});

const text = (): string => readFileSync(join(folder, 'inventory.yaml'), 'utf8');

/** All hosts fail to be connected to for the same reason. */
const failing =
  (kind: ConnectFailure = 'unreachable', message = 'nothing answers on port 22') =>
  (): Transport => ({
    connect: () => Promise.reject(new ConnectError(kind, message, 'is it up?')),
    close: () => Promise.resolve(),
  });

/** Fails a test that contacts a host. */
const never = (): Transport => ({
  connect: ({ name }) => Promise.reject(new Error(`${name} was contacted`)),
  close: () => Promise.resolve(),
});

function host(transport: () => Transport, ...[verb = '', ...args]: readonly string[]): Promise<CliResult> {
  return oshaWith({ cwd: folder, transport }, 'host', verb, 'inventory.yaml', ...args);
}

const jsonLines = (lines: string): readonly Record<string, unknown>[] =>
  lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('osha host', () => {
  type Case = readonly [string, readonly string[], string, exitCode: number];
  it.each<Case>([
    ['drain of an unknown host', ['drain', 'e'], 'inventory.yaml has no host "e"', 2],
    ['undrain of an unknown host', ['undrain', 'e'], 'inventory.yaml has no host "e"', 2],
    [
      'add of a host that is not in the inventory',
      ['add', 'e'],
      'has no host "e"; its hosts are a, b, c, d',
      2,
    ],
    ['remove of an unknown host', ['remove', 'e', '--yes'], 'has no host "e"; its hosts are a, b, c, d', 2],
    ['replace of an unknown host', ['replace', 'e', 'a', '--yes'], 'has no host "e"', 2],
    ['replace by a host that is not in the inventory', ['replace', 'a', 'e', '--yes'], 'has no host "e"', 2],
    ['replace of a host by itself', ['replace', 'a', 'a', '--yes'], 'a cannot replace itself', 2],
    ['drain without a host', ['drain'], "missing required argument 'host'", 2],
    ['replace without the new host', ['replace', 'a'], "missing required argument 'new'", 2],
    ['drain of a dead host', ['drain', 'a', '--dead'], "unknown option '--dead'", 2],
    ['remove without a terminal', ['remove', 'c'], 'host remove needs confirmation', 5],
    ['replace without a terminal', ['replace', 'c', 'd'], 'host replace needs confirmation', 5],
    ['replace of a dead host without a terminal', ['replace', 'c', 'd', '--dead'], 'host replace needs', 5],
  ])('rejects %s, and contacts no host', async (_, args, message, exitCode) => {
    const result = await host(never, ...args);
    expect(result.stderr).toContain(message);
    expect(result).toMatchObject({ exitCode, stdout: '' });
    expect(text()).toBe(INVENTORY);
  });

  it.each([
    ['drain', ['drain', 'a']],
    ['remove', ['remove', 'c', '--yes']],
  ])('%s exits with 5, says why and changes nothing where a system needs the host', async (_, args) => {
    const { exitCode, stdout, stderr } = await host(failing(), ...args);
    expect(exitCode).toBe(5);
    expect(stdout).toContain('nothing answers on port 22');
    expect(stdout).toMatch(/MariaDB Galera +unknown/);
    expect(stderr).toContain('cannot be spared: nothing was changed');
    expect(text()).toBe(INVENTORY);
    expect(existsSync(join(folder, '.osha'))).toBe(false);
  });

  it('drain --json prints the verdicts, and nothing else on stdout', async () => {
    const { exitCode, stdout } = await host(failing(), 'drain', 'a', '--json');
    const lines = jsonLines(stdout);
    expect(exitCode).toBe(5);
    expect(lines).toContainEqual(expect.objectContaining({ event: 'spare', host: 'a', system: 'galera' }));
    expect(lines).toContainEqual({ event: 'ok-to-stop', host: 'a', ok: false });
  });
});

describe('--dry-run', () => {
  it('of drain prints the steps, in the order in which systems give way', async () => {
    const { exitCode, stdout } = await host(never, 'drain', 'a', '--dry-run');
    expect(exitCode).toBe(0);
    expect(stdout).not.toMatch(/--from/i);
    expect(stdout.trim().split('\n').at(-1)).toMatch(
      /^\d phases, \d steps, on 4 hosts; no host was contacted\.$/,
    );
    const places = ['Move resources away from a', 'Send no clients to a', 'Put RabbitMQ on a'].map((title) =>
      stdout.indexOf(title),
    );
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
  });

  it('of undrain prints them in the opposite order', async () => {
    const { stdout } = await host(never, 'undrain', 'a', '--dry-run', '--json');
    const phases = jsonLines(stdout).filter(({ event }) => event === 'phase');
    expect(phases.map(({ phase }) => phase)).toEqual(['rabbitmq', 'haproxy', 'pacemaker']);
  });

  it('of remove prints what is stopped, and leaves the inventory alone', async () => {
    const { exitCode, stdout } = await host(never, 'remove', 'c', '--dry-run');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Stop MariaDB Galera on c');
    expect(text()).toBe(INVENTORY);
  });

  it('of remove --dead stops nothing', async () => {
    const { exitCode, stdout } = await host(never, 'remove', 'c', '--dead', '--dry-run');
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain('Stop');
  });

  it('of add prints the deployment', async () => {
    const { exitCode, stdout } = await host(never, 'add', 'd', '--dry-run', '--json');
    expect(exitCode).toBe(0);
    expect(jsonLines(stdout).some(({ phase }) => phase === 'galera')).toBe(true);
  });
});

describe('osha host remove', () => {
  it('refuses a server of GlusterFS: only the operator can move its data', async () => {
    writeFileSync(
      join(folder, 'inventory.yaml'),
      `${INVENTORY.replaceAll(/(?<!d: .*)\[controller\]/g, '[controller, storage]')}glusterfs: { volumes: { images: { path: /srv/images, mount: /mnt/images, on: [control] } } }\n`,
    );
    const before = text();
    const { exitCode, stderr } = await host(never, 'remove', 'c', '--yes');
    expect(stderr).toContain('c cannot be removed: GlusterFS: it has copies of GlusterFS volumes');
    expect(exitCode).toBe(5);
    expect(text()).toBe(before);
  });

  const invalid: readonly (readonly [string, string, string])[] = [
    [
      'the only holder of a virtual IP',
      INVENTORY.replace('interface: eth0 }', 'interface: eth0, on: [c] }'),
      'inventory.yaml:7:55: error: without c: on: expected at least 1 entries, found an empty list',
    ],
    [
      'the jump host of others',
      INVENTORY.replace('hosts:\n', 'ssh: { jump: c }\nhosts:\n'),
      'error: without c: ',
    ],
  ];
  it.each(invalid)('refuses %s: the inventory would be invalid', async (_, before, place) => {
    writeFileSync(join(folder, 'inventory.yaml'), before);
    const { exitCode, stderr } = await host(never, 'remove', 'c', '--yes');
    expect(stderr).toContain(place);
    expect(exitCode).toBe(2);
    expect(text()).toBe(before);
  });

  it('refuses an entry that others take values from by an alias, with the reason', async () => {
    const before = INVENTORY.replace('a: { address', 'a: &a { address').replace(
      /d: .*/,
      'd: { <<: *a, address: 192.0.2.14 }',
    );
    writeFileSync(join(folder, 'inventory.yaml'), before);
    const { exitCode, stderr } = await host(never, 'remove', 'a', '--yes');
    expect(stderr).toContain('inventory.yaml: the entry of a cannot be removed');
    expect(stderr).toContain('hint: write it below hosts:, and write out what aliases (*name) take from it');
    expect(exitCode).toBe(2);
  });
});

describe('osha host remove --dead', () => {
  const remove = (transport: () => Transport): Promise<CliResult> =>
    host(transport, 'remove', 'c', '--dead', '--yes');

  it('refuses a host that answers', async () => {
    const { exitCode, stderr } = await remove(() => createFakeTransport());
    expect(stderr).toContain('error: c answers: it may still run, so it is not forgotten');
    expect(stderr).toContain('osha host remove inventory.yaml c');
    expect(exitCode).toBe(5);
    expect(text()).toBe(INVENTORY);
  });

  it.each<[ConnectFailure, string]>([
    ['login-refused', 'c refuses the login'],
    ['host-key-changed', 'its host key is another one'],
    ['sudo-refused', 'sudo asks for a password'],
    ['no-shell', 'logged in, but could not start a shell'],
    ['jump-failed', 'the jump host does not answer'],
    ['identity-unreadable', 'the key cannot be read'],
  ])('refuses a host that may run: %s', async (kind, message) => {
    const { exitCode, stderr } = await remove(failing(kind, message));
    expect(stderr).toContain(`error: c: ${message}: it may still run, so it is not forgotten`);
    expect(exitCode).toBe(5);
    expect(text()).toBe(INVENTORY);
  });

  it.each<ConnectFailure>(['unreachable', 'timed-out', 'name-unknown'])(
    'takes a silent host (%s) out of the inventory, and deploys the rest',
    async (kind) => {
      const { exitCode, stdout } = await remove(failing(kind));
      expect(text()).toBe(INVENTORY.replace(/ {2}c: .*\n/, ''));
      // The other hosts of this test are silent too.
      expect(exitCode).toBe(4);
      expect(stdout).toMatch(/unreachable a, b, d/);
    },
  );

  it('keeps the mode of the inventory, and a symbolic link to it', async () => {
    mkdirSync(join(folder, 'site'));
    const target = join(folder, 'site', 'real.yaml');
    writeFileSync(target, INVENTORY);
    chmodSync(target, 0o640);
    symlinkSync(join('site', 'real.yaml'), join(folder, 'link.yaml'));
    await oshaWith(
      { cwd: folder, transport: failing() },
      'host',
      'remove',
      'link.yaml',
      'c',
      '--dead',
      '--yes',
    );
    expect(lstatSync(join(folder, 'link.yaml')).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe(INVENTORY.replace(/ {2}c: .*\n/, ''));
    expect(statSync(target).mode & 0o777).toBe(0o640);
  });

  it('keeps what was written into the inventory while it asked', async () => {
    const ask = (): Promise<string> => {
      writeFileSync(join(folder, 'inventory.yaml'), `${INVENTORY}# A note.\n`);
      return Promise.resolve('yes');
    };
    await oshaWith(
      { cwd: folder, transport: failing(), ask },
      'host',
      'remove',
      'inventory.yaml',
      'c',
      '--dead',
    );
    expect(text()).toBe(`${INVENTORY.replace(/ {2}c: .*\n/, '')}# A note.\n`);
  });

  it('changes nothing without a confirmation, and says what would be done', async () => {
    const { exitCode, stderr } = await oshaWith(
      { cwd: folder, transport: failing(), ask: () => Promise.resolve('no') },
      'host',
      'remove',
      'inventory.yaml',
      'c',
      '--dead',
    );
    expect(stderr).toContain('It must be off for good: if it still runs, it may serve old data.');
    expect(stderr).toContain('not confirmed: nothing was changed');
    expect(exitCode).toBe(5);
    expect(text()).toBe(INVENTORY);
  });
});

it('a host on which no work can be moved is neither drained nor contacted', async () => {
  writeFileSync(
    join(folder, 'inventory.yaml'),
    INVENTORY.replace('vips:', '  log: { address: 192.0.2.15, roles: [time] }\nvips:'),
  );
  const { exitCode, stdout, stderr } = await host(never, 'undrain', 'log');
  expect(stdout + stderr).toContain('no system has work to move on log');
  expect(exitCode).toBe(0);
});

describe('osha host replace', () => {
  it('refuses a host that cannot leave before the new one joins', async () => {
    const before = INVENTORY.replace('interface: eth0 }', 'interface: eth0, on: [c] }');
    writeFileSync(join(folder, 'inventory.yaml'), before);
    const { exitCode, stderr } = await host(never, 'replace', 'c', 'd', '--yes');
    expect(stderr).toContain('inventory.yaml:7:55: error: without c: on: expected at least 1 entries');
    expect(exitCode).toBe(2);
  });

  it('does not remove the old host where the new one is not ready', async () => {
    const { exitCode } = await host(failing(), 'replace', 'c', 'd', '--yes');
    expect(exitCode).toBe(4);
    expect(text()).toBe(INVENTORY);
  });
});
