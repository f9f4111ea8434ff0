import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { playbooks } from '../../playbooks/index.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import type { Host } from '../../src/inventory/types.ts';
import { platformIds, platformOf } from '../../src/platform/index.ts';
import { createPlan } from '../../src/planner/plan.ts';
import { Secret } from '../../src/secrets/secret.ts';
import type { Session } from '../../src/transport/session.ts';
import { FitHosts } from '../support/fit-hosts.ts';
import { below, placeFiles } from '../support/placed-files.ts';
import { folderForTest } from '../support/temporary-folder.ts';
import { oshaWith, type CliResult } from './run-cli.ts';

const NAMES = ['a', 'b', 'c'];
const COOKIE = 'var/lib/rabbitmq/.erlang.cookie';

/** Hosts that pass preflight, have the files of a deployment, and reject all changes. */
class DeployedHosts extends FitHosts {
  readonly changes: string[] = [];

  override async connect(host: Host): Promise<Session> {
    const session = await super.connect(host);
    return {
      ...session,
      run: (script, options) => {
        if (script.startsWith('set -e\n')) {
          this.changes.push(script);
          throw new Error('a change was sent');
        }
        return session.run(below(this.disk(host.name), script), options);
      },
    };
  }
}

let folder: string;
let hosts: DeployedHosts;
let secrets: Readonly<Record<string, string>>;

const file = (name: string): string => join(folder, name);
const run = (...args: readonly string[]): Promise<CliResult> =>
  oshaWith({ cwd: folder, transport: () => hosts }, ...args);
const kept = (): Readonly<Record<string, unknown>> =>
  parse(readFileSync(file('secrets.yaml'), 'utf8')) as Readonly<Record<string, unknown>>;
const withoutKey = (all: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(all).filter(([name]) => name !== 'tlsAuthority'));

beforeEach(async () => {
  folder = folderForTest();
  hosts = new DeployedHosts();
  onTestFinished(() => hosts.remove());
  writeFileSync(
    file('inventory.yaml'),
    `name: test\nssh: { user: root }\nhosts:\n${NAMES.map(
      (name, at) => `  ${name}: { address: 192.0.2.${at + 1}, roles: [controller] }`,
    ).join('\n')}
vips:
  api: { address: 192.0.2.20/24, interface: eth0, by: keepalived }
haproxy: { tls: { api: {} }, internal_vip: api }
rabbitmq: { users: { ops: {} } }
`,
  );
  expect((await run('secrets', 'generate', 'inventory.yaml')).exitCode).toBe(0);
  secrets = kept() as Readonly<Record<string, string>>;
  const { inventory } = loadInventory(file('inventory.yaml'), { playbooks, platforms: platformIds });
  if (!inventory) throw new Error('the inventory of this test is invalid');
  const values = Object.entries(secrets).map(([name, value]) => [name, new Secret(name, value)] as const);
  const platform = platformOf(inventory.platform);
  const plan = createPlan({ inventory, playbooks, platform, secrets: Object.fromEntries(values) });
  placeFiles(plan, (host) => hosts.disk(host));
});

describe('a folder that lost its secrets.yaml', { timeout: 60_000 }, () => {
  it('is refused, adopts the same values from the hosts, and is deployed again', async () => {
    renameSync(file('secrets.yaml'), file('away.yaml'));
    const refused = await run('deploy', 'inventory.yaml');
    expect(refused.exitCode).toBe(5);
    expect(refused.stdout).toContain('these hosts have secrets that this folder lacks: ');
    expect(refused.stdout).toContain('erlangCookie');
    expect(refused.stdout).toContain(
      `\nhint: restore secrets.yaml, or read them from the hosts: osha secrets adopt ${file('inventory.yaml')};`,
    );
    expect((await run('plan', 'inventory.yaml', '--diff')).exitCode).toBe(5);
    expect(hosts.changes).toEqual([]);
    expect(existsSync(file('secrets.yaml'))).toBe(false);

    const adopted = await run('secrets', 'adopt', 'inventory.yaml');
    expect(adopted).toMatchObject({ exitCode: 0, stderr: '' });
    const beginning = String(kept()['keepalived']).slice(0, 8);
    expect(beginning).toBe(secrets['keepalived']?.slice(0, 8));
    expect(withoutKey(kept())).toEqual({ ...withoutKey(secrets), keepalived: kept()['keepalived'] });
    expect(adopted.stdout).toMatch(/^adopted into .*secrets\.yaml: .*erlangCookie.* \(a, b, c\)/);
    expect(adopted.stdout).toContain(
      'tlsAuthority cannot be read back (a, b, c): its key never left the machine',
    );
    expect(adopted.stdout).toContain('osha secrets rotate inventory.yaml tlsAuthority');
    for (const value of Object.values(secrets)) expect(adopted.stdout + refused.stdout).not.toContain(value);

    // A new CA is not made in passing either.
    const still = await run('plan', 'inventory.yaml', '--diff', '--only', 'logging');
    expect(still.exitCode).toBe(5);
    expect(still.stdout).toContain('this folder lacks: tlsAuthority (a, b, c)');
    expect((await run('secrets', 'rotate', 'inventory.yaml', 'tlsAuthority', '--yes')).exitCode).toBe(0);
    const after = await run('plan', 'inventory.yaml', '--diff', '--only', 'logging', '--json');
    expect(JSON.parse(after.stdout.trimEnd().split('\n').at(-1) ?? '')).not.toHaveProperty('refused');
    expect(hosts.changes).toEqual([]);
  });

  it('prints as JSON which secrets were adopted from which hosts, and no value', async () => {
    rmSync(file('secrets.yaml'));
    const { exitCode, stdout } = await run('secrets', 'adopt', 'inventory.yaml', '--json');
    expect(exitCode).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect(lines).toContainEqual({
      event: 'secret',
      secret: 'erlangCookie',
      outcome: 'adopted',
      hosts: NAMES,
    });
    expect(lines.at(-1)).toMatchObject({
      event: 'summary',
      changes: 0,
      hosts: { a: { unreachable: false } },
    });
    for (const value of Object.values(secrets)) expect(stdout).not.toContain(value);
  });

  it('adopts from reachable hosts, and exits with 4 where one is unreachable', async () => {
    rmSync(file('secrets.yaml'));
    hosts.takeDown('b');
    const { exitCode, stderr } = await run('secrets', 'adopt', 'inventory.yaml');
    expect(exitCode).toBe(4);
    expect(stderr).toContain('unreachable b: connection refused');
    expect(kept()['erlangCookie']).toBe(secrets['erlangCookie']);
    for (const host of NAMES) hosts.takeDown(host);
    rmSync(file('secrets.yaml'));
    expect((await run('secrets', 'adopt', 'inventory.yaml')).exitCode).toBe(4);
    expect(existsSync(file('secrets.yaml'))).toBe(false);
  });

  it('adopts nothing where hosts disagree, and names them; --limit chooses the right one', async () => {
    rmSync(file('secrets.yaml'));
    writeFileSync(join(hosts.disk('b'), COOKIE), 'nV84hTc1QyUe6sDjnV84hTc1QyUe6sDj');
    const { exitCode, stderr } = await run('secrets', 'adopt', 'inventory.yaml');
    expect(exitCode).toBe(5);
    expect(stderr).toContain('the hosts disagree with each other: erlangCookie (b differs from a, c)');
    expect(stderr).toContain(
      '\nhint: adopt the secrets of a host that has the right ones: osha secrets adopt inventory.yaml --limit a\n',
    );
    expect(existsSync(file('secrets.yaml'))).toBe(false);
    expect((await run('secrets', 'adopt', 'inventory.yaml', '--limit', 'a')).exitCode).toBe(0);
    expect(kept()['erlangCookie']).toBe(secrets['erlangCookie']);
  });
});

describe('a folder with different secrets than the hosts', { timeout: 60_000 }, () => {
  beforeEach(async () => {
    rmSync(file('secrets.yaml'));
    await run('secrets', 'generate', 'inventory.yaml');
  });

  it('is refused, and adopts nothing without --replace or --keep', async () => {
    const mine = readFileSync(file('secrets.yaml'), 'utf8');
    const refused = await run('deploy', 'inventory.yaml');
    expect(refused.exitCode).toBe(5);
    expect(refused.stdout).toContain('these hosts have different secrets than this folder: ');
    const { exitCode, stderr } = await run('secrets', 'adopt', 'inventory.yaml');
    expect(exitCode).toBe(5);
    expect(stderr).toContain('this folder has different secrets than the hosts: ');
    expect(readFileSync(file('secrets.yaml'), 'utf8')).toBe(mine);
    expect(hosts.changes).toEqual([]);
  });

  it('takes the secrets of the hosts with --replace', async () => {
    const { exitCode, stdout } = await run('secrets', 'adopt', 'inventory.yaml', '--replace');
    expect({ exitCode }).toEqual({ exitCode: 0 });
    expect(kept()['erlangCookie']).toBe(secrets['erlangCookie']);
    // The CA's key cannot be taken: the present one stays, and a deployment is still refused.
    expect(stdout).toContain('tlsAuthority cannot be read back');
    const next = await run('plan', 'inventory.yaml', '--diff', '--only', 'logging');
    expect(next.stdout).toContain('different secrets than this folder: tlsAuthority (a, b, c)');
  });

  it('replaces the secrets of the hosts with --keep', async () => {
    const mine = kept();
    expect((await run('secrets', 'adopt', 'inventory.yaml', '--keep')).exitCode).toBe(0);
    const { previous, ...same } = kept();
    expect(same).toEqual(mine);
    expect(previous).toMatchObject({ erlangCookie: [secrets['erlangCookie']], tlsAuthority: ['any'] });
    const next = await run('plan', 'inventory.yaml', '--diff', '--only', 'logging', '--json');
    expect(JSON.parse(next.stdout.trimEnd().split('\n').at(-1) ?? '')).not.toHaveProperty('refused');
  });
});
