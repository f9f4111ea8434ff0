import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it as bare } from 'vitest';
import { z } from 'zod';
import { admissionOf } from '../../src/cli/admission.ts';
import type { Deployment } from '../../src/cli/deployment.ts';
import { createPlan } from '../../src/planner/plan.ts';
import { everyHost, playbook, token, secretRules } from '../../src/playbook/playbook.ts';
import { step } from '../../src/playbook/step.ts';
import { platformOf } from '../../src/platform/index.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import { runPlan, type RunSummary } from '../../src/runner/run-plan.ts';
import { loadSecrets } from '../../src/secrets/load.ts';
import { generateMissing, rotateSecrets } from '../../src/secrets/write.ts';
import { anInventory } from '../support/inventory.ts';
import { LockingHosts } from '../support/locking-hosts.ts';
import { folderForTest } from '../support/temporary-folder.ts';

/** A system whose secret is a file in the host's folder. */
const book = playbook({
  name: 'p',
  title: 'p',
  hosts: everyHost,
  settings: z.strictObject({}),
  secrets: { cookie: token('The cookie') },
  carries: ({ hosts }) => [{ secret: 'cookie', hosts, path: 'cookie', where: { in: 'file' } }],
  steps: ({ secrets }) => [
    step('Write it', {
      scope: 'host',
      title: 'cookie',
      probe: { script: 'cat cookie 2>/dev/null || :', reads: ['file:cookie'], parse: ({ stdout }) => stdout },
      decide: (found) =>
        found === secrets.cookie.reveal()
          ? []
          : [{ summary: 'write it', script: 'cat >cookie', input: secrets.cookie, touches: ['file:cookie'] }],
    }),
  ],
});

// eslint-disable-next-line no-empty-pattern -- Vitest reads from it what a fixture needs.
const it = bare.extend('hosts', ({}, { onCleanup }) => {
  const hosts = new LockingHosts();
  onCleanup(() => hosts.remove());
  return hosts;
});

interface Run {
  readonly summary: RunSummary;
  readonly notices: readonly string[];
  readonly events: readonly RunEvent[];
}

interface Options {
  readonly mode?: 'apply' | 'diff';
  readonly limit?: readonly string[];
  /** Milliseconds between the reading of the secrets and the run. */
  readonly later?: number;
}

/** What `osha deploy` does with a folder, from the reading of its secrets on. */
async function deploy(hosts: LockingHosts, folder: string, options: Options = {}): Promise<Run> {
  const inventory = anInventory({ file: join(folder, 'inventory.yaml'), settings: { p: {} } });
  const rules = secretRules([book], inventory.settings);
  const loaded = await loadSecrets(inventory.file, rules);
  const deployment: Deployment = {
    inventory,
    platform: platformOf('debian-12'),
    playbooks: [book],
    rules,
    secrets: { ...generateMissing(loaded, rules), ...loaded.secrets },
    missing: loaded.missing,
    loaded,
  };
  const { mode = 'apply', limit, later = 0 } = options;
  const plan = createPlan({ ...deployment, selection: limit ? { limit } : {} });
  await pause(later);
  const notices: string[] = [];
  const events: RunEvent[] = [];
  const summary = await runPlan(plan, {
    transport: hosts,
    mode,
    prune: false,
    forks: 10,
    timeoutMs: 5000,
    connectTimeoutMs: 1000,
    probeTimeoutMs: 20_000,
    maxOutputBytes: 1024 * 1024,
    acceptNew: false,
    signal: new AbortController().signal,
    command: 'test',
    lockOwner: 'test',
    admission: admissionOf(deployment, { notice: (text) => void notices.push(text) }),
    emit: (event) => void events.push(event),
  });
  return { summary, notices, events };
}

const NAMES = ['controller1', 'controller2', 'controller3'];
const cookieOn = (hosts: LockingHosts, host: string): string | undefined => {
  const file = join(hosts.disk(host), 'cookie');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
};
const cookiesOn = (hosts: LockingHosts): readonly (string | undefined)[] =>
  NAMES.map((host) => cookieOn(hosts, host));
async function cookieIn(folder: string): Promise<string | undefined> {
  const { secrets } = await loadSecrets(join(folder, 'inventory.yaml'), { cookie: token('The cookie') });
  return secrets['cookie']?.reveal();
}
const put = (hosts: LockingHosts, host: string, cookie: string): void => {
  mkdirSync(hosts.disk(host), { recursive: true });
  writeFileSync(join(hosts.disk(host), 'cookie'), cookie);
};

describe('a deployment', { timeout: 60_000 }, () => {
  it('writes generated secrets once the hosts have admitted it, and reports them', async ({ hosts }) => {
    const folder = folderForTest();
    const { summary, notices } = await deploy(hosts, folder);
    const cookie = await cookieIn(folder);
    expect(summary).toMatchObject({ changes: 3, failed: 0 });
    expect(cookiesOn(hosts)).toEqual([cookie, cookie, cookie]);
    expect(notices).toEqual([`generated in ${join(folder, 'secrets.yaml')}: cookie`]);
    expect((await deploy(hosts, folder)).summary).toMatchObject({ changes: 0, ok: 3 });
  });

  it('is refused before any change in a folder that lacks secrets, as is its plan', async ({ hosts }) => {
    const folder = folderForTest();
    await deploy(hosts, folder);
    const before = cookiesOn(hosts);
    rmSync(join(folder, 'secrets.yaml'));
    for (const mode of ['diff', 'apply'] as const) {
      const { summary, events } = await deploy(hosts, folder, { mode });
      expect(summary).toMatchObject({
        changes: 0,
        refused: `these hosts have secrets that this folder lacks: cookie (${NAMES.join(', ')})`,
        hint: expect.stringContaining(`osha secrets adopt ${join(folder, 'inventory.yaml')};`) as string,
      });
      expect(summary.hint).toContain('osha secrets rotate ');
      expect(events.at(-1)).toBe(summary);
      expect(JSON.stringify(events)).not.toContain(before[0]);
    }
    expect(cookiesOn(hosts)).toEqual(before);
    expect(existsSync(join(folder, 'secrets.yaml'))).toBe(false);
  });

  it('checks the other hosts too where --limit names a new one', async ({ hosts }) => {
    const folder = folderForTest();
    await deploy(hosts, folder, { limit: ['controller1', 'controller2'] });
    rmSync(join(folder, 'secrets.yaml'));
    const { summary } = await deploy(hosts, folder, { limit: ['controller3'] });
    expect(summary.refused).toContain('cookie (controller1, controller2)');
    expect(cookieOn(hosts, 'controller3')).toBeUndefined();
  });

  it('is refused with the secrets of another folder', async ({ hosts }) => {
    const [folder, other] = [folderForTest(), folderForTest()];
    await deploy(hosts, folder);
    await rotateSecrets(join(other, 'inventory.yaml'), { cookie: token('The cookie') }, ['cookie']);
    const text = readFileSync(join(other, 'secrets.yaml'), 'utf8');
    writeFileSync(join(other, 'secrets.yaml'), text.slice(0, text.indexOf('# What was replaced')), {
      mode: 0o600,
    });
    const { summary } = await deploy(hosts, other);
    expect(summary.refused).toBe(
      `these hosts have different secrets than this folder: cookie (${NAMES.join(', ')})`,
    );
    expect(summary.hint).toContain('--replace');
    expect(cookiesOn(hosts)).toEqual(Array(3).fill(await cookieIn(folder)));
  });

  it('brings a rotation to the hosts, and repairs drift on one of them', async ({ hosts }) => {
    const folder = folderForTest();
    await deploy(hosts, folder);
    await rotateSecrets(join(folder, 'inventory.yaml'), { cookie: token('The cookie') }, ['cookie']);
    expect((await deploy(hosts, folder)).summary).toMatchObject({ changes: 3 });
    put(hosts, 'controller2', 'drifted');
    expect((await deploy(hosts, folder)).summary).toMatchObject({ changes: 1 });
    expect(cookiesOn(hosts)).toEqual(Array(3).fill(await cookieIn(folder)));
  });

  it('rotates a secret that the folder lacked, and forgets the old value once all hosts have the new one', async ({
    hosts,
  }) => {
    const folder = folderForTest();
    for (const host of NAMES) put(hosts, host, 'what they had');
    await rotateSecrets(join(folder, 'inventory.yaml'), { cookie: token('The cookie') }, ['cookie']);
    expect((await deploy(hosts, folder)).summary).toMatchObject({ changes: 3 });
    expect(readFileSync(join(folder, 'secrets.yaml'), 'utf8')).toContain('- any');
    expect((await deploy(hosts, folder)).summary).toMatchObject({ changes: 0 });
    expect(readFileSync(join(folder, 'secrets.yaml'), 'utf8')).not.toContain('any\n');
    expect(cookiesOn(hosts)).toEqual(Array(3).fill(await cookieIn(folder)));
  });

  it('generates nothing where no host answers, and exits as unreachable', async ({ hosts }) => {
    const folder = folderForTest();
    for (const host of NAMES) hosts.takeDown(host);
    const { summary } = await deploy(hosts, folder);
    expect(summary).toMatchObject({ unreachable: 3 });
    expect(summary.refused).toBeUndefined();
    expect(existsSync(join(folder, 'secrets.yaml'))).toBe(false);
  });

  it('is refused before any change where the secrets cannot be written', async ({ hosts }) => {
    const folder = join(folderForTest(), 'gone');
    mkdirSync(folder);
    const run = deploy(hosts, folder, { later: 50 });
    rmSync(folder, { recursive: true });
    const { summary } = await run;
    expect(summary.refused).toContain('secrets.yaml');
    expect(cookiesOn(hosts)).toEqual([undefined, undefined, undefined]);
  });
});

describe('of two concurrent first deployments', { timeout: 120_000 }, () => {
  it('one wins on the hosts and on this machine, in each of 20 rounds', async () => {
    for (let round = 0; round < 20; round += 1) {
      const hosts = new LockingHosts();
      const folder = folderForTest();
      // From both at the same moment to the second one after the first has ended.
      const runs = await Promise.all([deploy(hosts, folder), deploy(hosts, folder, { later: round * 15 })]);
      const cookie = await cookieIn(folder);
      const won = runs.filter(({ summary }) => summary.refused === undefined);
      const found = cookiesOn(hosts).filter((one) => one !== undefined);
      expect(found.filter((one) => one !== cookie)).toEqual([]);
      if (won.length > 0) expect(cookiesOn(hosts)).toEqual([cookie, cookie, cookie]);
      expect(won.length).toBeLessThan(2);
      hosts.remove();
    }
  });

  it('one wins even without a common host', async () => {
    for (let round = 0; round < 5; round += 1) {
      const hosts = new LockingHosts();
      const folder = folderForTest();
      const runs = await Promise.all([
        deploy(hosts, folder, { limit: ['controller1'] }),
        deploy(hosts, folder, { limit: ['controller2'], later: round }),
      ]);
      const refused = runs.flatMap(({ summary }) => summary.refused ?? []);
      expect(refused).toHaveLength(1);
      const cookie = await cookieIn(folder);
      expect(cookiesOn(hosts).filter((one) => one !== undefined)).toEqual([cookie]);
      hosts.remove();
    }
  });
});
