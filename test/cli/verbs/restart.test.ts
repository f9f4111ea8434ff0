import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConnectError } from '../../../src/transport/errors.ts';
import type { Transport } from '../../../src/transport/session.ts';
import { folderForAll } from '../../support/temporary-folder.ts';
import { createFakeTransport } from '../../transport/fake.ts';
import { oshaWith, type CliResult } from '../run-cli.ts';

const folder = folderForAll();
beforeAll(() => {
  const hosts = ['a', 'b', 'c'].map(
    (name, at) => `  ${name}: { address: 192.0.2.${at + 11}, roles: [controller] }`,
  );
  writeFileSync(
    join(folder, 'inventory.yaml'),
    `name: prod
hosts:
${hosts.join('\n')}
vips:
  api: { address: 192.0.2.20/24, interface: eth0 }
haproxy: { internal_vip: api }
`,
  );
});

const never = (): Transport => ({
  connect: ({ name }) => Promise.reject(new Error(`${name} was contacted`)),
  close: () => Promise.resolve(),
});
const restart = (transport: () => Transport, ...args: readonly string[]): Promise<CliResult> =>
  oshaWith({ cwd: folder, transport }, 'restart', 'inventory.yaml', ...args);

interface Phase {
  readonly phase: string;
  readonly steps: readonly { readonly title: string; readonly hosts: readonly string[] }[];
}

describe('osha restart', () => {
  it.each<[string, readonly string[], string]>([
    ['no phase', [], "missing required argument 'phases'"],
    ['an unknown phase', ['mysql'], 'this inventory has no phase "mysql"'],
    ['one of several that is unknown', ['galera', 'mysql'], 'this inventory has no phase "mysql"'],
    ['a phase that runs nothing', ['base'], 'base has nothing that could be restarted'],
    [
      'a phase that runs nothing among others',
      ['galera', 'base'],
      'base has nothing that could be restarted',
    ],
    ['an age that is no number', ['galera', '--older-than', 'soon'], '--older-than'],
    ['an age in the future', ['galera', '--older-than', '-1'], '--older-than'],
  ])('exits with 2 for %s', async (_, args, message) => {
    const { exitCode, stdout, stderr } = await restart(never, ...args);
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it('--dry-run shows one host at a time, between the interlock and the health of the whole', async () => {
    const { exitCode, stdout } = await restart(never, 'memcached', 'galera', '--dry-run', '--json');
    expect(exitCode).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Phase);
    // In the order of a deployment, whatever the order of the words.
    expect(lines.flatMap(({ phase }) => phase ?? [])).toEqual(['galera', 'memcached']);
    expect(lines[0]?.steps.map(({ title }) => title)).toEqual(
      ['a', 'b', 'c'].flatMap((name) => [
        `Check that MariaDB Galera can spare ${name}`,
        `Restart MariaDB Galera on ${name}`,
        'Wait for MariaDB Galera to be healthy',
      ]),
    );
    expect(lines[0]?.steps[1]?.hosts).toEqual(['a']);
  });

  it('--dry-run offers no --from: a restart resumes with --older-than', async () => {
    const { stdout } = await restart(never, 'galera', '--dry-run');
    expect(stdout).toContain('Restart MariaDB Galera on a');
    expect(stdout).not.toMatch(/--from/i);
  });

  it('exits with 4 and restarts nothing where no host answers', async () => {
    const away = (): Transport => ({
      connect: () =>
        Promise.reject(new ConnectError('unreachable', 'nothing answers on port 22', 'is it up?')),
      close: () => Promise.resolve(),
    });
    const { exitCode, stdout } = await restart(away, 'galera');
    expect(exitCode).toBe(4);
    expect(stdout).toContain('nothing answers on port 22');
    expect(stdout).not.toContain('--from');
    expect(existsSync(join(folder, '.osha'))).toBe(true);
  });

  it('restarts nothing on hosts whose answers make no sense', async () => {
    const hosts = createFakeTransport({ answer: () => ({ stdout: 'what?\n', exitCode: 1 }) });
    const { exitCode } = await restart(() => hosts, 'galera');
    expect(exitCode).not.toBe(0);
    expect(hosts.sent.length).toBeGreaterThan(0);
    expect(hosts.sent.filter(({ script }) => /systemctl (re)?start/.test(script))).toEqual([]);
  });
});
