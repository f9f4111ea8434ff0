import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeCloud } from '../../cloud/fake-cloud.ts';
import { hostsOf } from '../../cloud/smoke-on.ts';
import { folderForAll } from '../../support/temporary-folder.ts';
import { oshaWith, type CliResult } from '../run-cli.ts';

const folder = folderForAll();
const PASSWORD = 'abcdefghijklmnopqrstuvwxyz0123456789';
const VIP = '192.0.2.20:5000';

beforeAll(() => {
  writeFileSync(
    join(folder, 'inventory.yaml'),
    `name: prod
hosts:
  one: { address: 192.0.2.11, roles: [controller] }
  two: { address: 192.0.2.12, roles: [controller] }
  three: { address: 192.0.2.13, roles: [controller] }
vips: { api: { address: 192.0.2.20/24, interface: eth0 } }
haproxy: { internal_vip: api }
openstack: { services: [identity, placement] }
`,
  );
  writeFileSync(join(folder, 'secrets.yaml'), `openstackAdmin: ${PASSWORD}\n`, { mode: 0o600 });
});

let fake: FakeCloud;
beforeEach(async () => {
  fake = new FakeCloud({ password: PASSWORD });
  fake.root = `http://${VIP}`;
  await fake.start();
});
afterEach(() => fake.stop());

const osha = (...args: readonly string[]): Promise<CliResult> =>
  oshaWith({ cwd: folder, transport: () => hostsOf(fake) }, ...args);

describe('osha smoke', () => {
  it('prints a line for each step, and exits with 0 where the cloud works', async () => {
    const { exitCode, stdout, stderr } = await osha('smoke', 'inventory.yaml');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(
      /^Smoke test of prod, run \w{8}\n {2}Log in and read the catalogue: ok, .* through one\n/,
    );
    expect(stdout).toContain('  Boot a server: skipped: not in openstack.services: compute\n');
    expect(stdout).toMatch(/\n\nthe cloud works: 2 steps ok, 8 skipped, \d.* s\nlog: .*events\.jsonl\n$/);
  });

  it('repeats the test, and prints JSON lines that end with a summary', async () => {
    const { exitCode, stdout } = await osha('smoke', 'inventory.yaml', '--repeat', '2', '--json');
    expect(exitCode).toBe(0);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.filter(({ event }) => event === 'phase-started')).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({
      event: 'summary',
      ok: 4,
      failed: 0,
      skipped: 16,
    });
    expect(stdout).not.toContain(PASSWORD);
  });

  it('exits with 1 and a hint at the first failure', async () => {
    fake.faults.push({ method: 'GET', path: /placement/, what: 403, times: Infinity });
    const { exitCode, stdout } = await osha('smoke', 'inventory.yaml', '--repeat', '3');
    expect(exitCode).toBe(1);
    expect(stdout.match(/^Smoke test of prod, run \w{8}$/gm)).toHaveLength(1);
    expect(stdout).toContain('placement: GET / returned 403: a fault on purpose');
    expect(stdout).toMatch(/1 failed: /);
  });

  it('is in the history, with all its steps', async () => {
    await osha('smoke', 'inventory.yaml');
    const history = await osha('history', 'inventory.yaml');
    expect(history.stdout).toContain('osha smoke inventory.yaml');
    const shown = await osha('show', 'last', 'inventory.yaml');
    expect(shown.stdout).toContain('the cloud works: 2 steps ok, 8 skipped');
  });

  it('removes resources of earlier runs with --clean', async () => {
    fake.world.things.set('types', new Map([['old', { id: 'old', name: 'osha-smoke-oldoldol-type' }]]));
    const { exitCode, stdout } = await osha('smoke', 'inventory.yaml', '--clean');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Remove everything: ok, .*: removed 1 of 1\n\nclean: /);
    expect(fake.names).toEqual([]);
  });

  it('exits with 4 where the cloud is unreachable', async () => {
    const transport = hostsOf(fake);
    for (const name of ['one', 'two', 'three']) transport.refuse(name);
    const { exitCode, stdout } = await oshaWith(
      { cwd: folder, transport: () => transport },
      'smoke',
      'inventory.yaml',
    );
    expect(exitCode).toBe(4);
    expect(stdout).toContain('no route to 192.0.2.20 port 5000 from this machine or through a host');
  });
});
