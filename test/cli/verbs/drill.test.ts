import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConnectError } from '../../../src/transport/errors.ts';
import { folderForAll } from '../../support/temporary-folder.ts';
import { oshaWith, type CliResult } from '../run-cli.ts';

const folder = folderForAll();
beforeAll(() => {
  writeFileSync(
    join(folder, 'inventory.yaml'),
    `name: prod
hosts:
  a: { address: 192.0.2.11, roles: [controller] }
  b: { address: 192.0.2.12, roles: [controller] }
  c: { address: 192.0.2.13, roles: [controller] }
vips:
  api: { address: 192.0.2.20/24, interface: eth0 }
haproxy: { internal_vip: api }
drill: { stop_command: touch stopped }
`,
  );
});

/** Runs a drill of hosts that are all unreachable. */
function drill(...args: readonly string[]): Promise<CliResult> {
  const transport = {
    connect: () => Promise.reject(new ConnectError('unreachable', 'nothing answers on port 22', 'is it up?')),
    close: () => Promise.resolve(),
  };
  return oshaWith({ cwd: folder, transport: () => transport }, 'drill', 'inventory.yaml', ...args);
}

describe('osha drill', () => {
  const mistakes: readonly (readonly [string, readonly string[], string])[] = [
    ['no host', [], "required option '--kill <host>' not specified"],
    ['a host that the inventory does not list', ['--kill', 'd'], 'inventory.yaml has no host "d"'],
    ['an unknown observer', ['--kill', 'a', '--probe-from', 'b,d'], 'inventory.yaml has no host "d"'],
    [
      'the host itself as an observer',
      ['--kill', 'a', '--probe-from', 'b,a'],
      '--probe-from: a is the host that is taken away',
    ],
    [
      'a command that starts the host alone',
      ['--kill', 'a', '--start-command', 'true'],
      '--start-command needs --stop-command',
    ],
    [
      'a command with --graceful',
      ['--kill', 'a', '--graceful', '--stop-command', 'true'],
      "option '--graceful' cannot be used with option '--stop-command <command>'",
    ],
    ['more samples than a host bears', ['--kill', 'a', '--rate', '51'], 'Expected at most 50.'],
  ];
  it.each(mistakes)('exits with 2 for %s', async (_mistake, args, message) => {
    const { exitCode, stderr } = await drill(...args, '--yes');
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
  });

  it('needs a confirmation, and names the option where there is no terminal', async () => {
    const { exitCode, stderr } = await drill('--kill', 'a');
    expect(stderr).toContain('drill needs confirmation, and there is no terminal to ask on');
    expect(exitCode).toBe(5);
  });

  it('exits with 5, shows why and stops nothing where a system is unhealthy and needs the host', async () => {
    const { exitCode, stdout, stderr } = await drill('--kill', 'a', '--yes');
    expect(stdout).toContain('nothing answers on port 22');
    expect(stdout).toMatch(/not ok to stop: a \(.*galera/);
    expect(stderr).toContain('error: a cannot be spared: nothing was stopped\n');
    expect(stderr).toMatch(/hint: start what is down: osha recover .*inventory\.yaml\n/);
    expect(exitCode).toBe(5);
    expect(existsSync(join(folder, 'stopped'))).toBe(false);
    expect(existsSync(join(folder, '.osha'))).toBe(false);
  });

  it('prints the verdicts as JSON lines', async () => {
    const { exitCode, stdout } = await drill('--kill', 'a', '--yes', '--json');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toContainEqual(expect.objectContaining({ event: 'health', system: 'galera' }));
    expect(events).toContainEqual({ event: 'ok-to-stop', host: 'a', ok: false });
    expect(exitCode).toBe(5);
  });
});
