import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { HOSTS, INVENTORY, on, snapshot } from '../core/hosts.ts';
import { untilHealthy } from '../support/healthy.ts';
import { changesOf, failuresOf, osha } from '../support/osha.ts';
import { secretValues } from '../support/secrets.ts';
import { starts, withoutHarm } from './client.ts';
import { checkoutWith } from './inventories.ts';
import { said } from './said.ts';

const valuesBeside = (inventory: string): Readonly<Record<string, unknown>> =>
  parse(readFileSync(join(dirname(inventory), 'secrets.yaml'), 'utf8')) as Record<string, unknown>;

const snapshots = (): Promise<readonly string[]> => Promise.all(HOSTS.map(snapshot));

export function secretsThatAreNotHere(): void {
  const clone = (): string => checkoutWith('clone', () => undefined, { secrets: false });

  it('is refused by plan --diff and deploy before any change, with remedies', async () => {
    await withoutHarm(async () => {
      const before = await snapshots();
      const file = clone();
      for (const verb of [
        ['plan', file, '--diff'],
        ['deploy', file],
      ]) {
        const run = await osha(...verb, '--json');
        expect(run.exitCode, run.stderr).toBe(5);
        expect(changesOf(run)).toEqual([]);
        expect(said(run)).toContain('erlangCookie');
        expect(said(run)).toContain('osha secrets adopt');
      }
      expect(await snapshots()).toEqual(before);
      expect(() => valuesBeside(file)).toThrow();
    });
  });

  it('is refused with newly generated secrets too', async () => {
    await withoutHarm(async () => {
      const file = clone();
      const made = await osha('secrets', 'generate', file);
      expect(made.exitCode, made.stderr).toBe(0);
      const run = await osha('deploy', file, '--json');
      expect(run.exitCode, run.stderr).toBe(5);
      expect(changesOf(run)).toEqual([]);
    });
  });

  it('gets them back from the hosts with secrets adopt, and is then converged', async () => {
    const file = clone();
    const adopted = await osha('secrets', 'adopt', file);
    expect(adopted.exitCode, adopted.stdout + adopted.stderr).toBe(0);
    const values = secretValues();
    for (const [name, value] of Object.entries(valuesBeside(file))) expect(value, name).toBe(values[name]);
    expect(valuesBeside(file)).toHaveProperty('erlangCookie');
    for (const value of Object.values(values)) expect(adopted.stdout + adopted.stderr).not.toContain(value);
    await withoutHarm(async () => {
      const run = await osha('deploy', file, '--json');
      expect(changesOf(run)).toEqual([]);
      expect(run.exitCode, run.stderr).toBe(0);
    });
  });

  it('applies a deliberately rotated cookie without restarting a broker', async () => {
    const brokers = await starts(['rabbitmq-server', 'epmd']);
    const cookies = await Promise.all(
      HOSTS.map((host) => on(host, 'sha256sum /var/lib/rabbitmq/.erlang.cookie')),
    );
    const rotated = await osha('secrets', 'rotate', INVENTORY, 'erlangCookie', '--yes');
    expect(rotated.exitCode, rotated.stderr).toBe(0);
    await withoutHarm(async () => {
      const run = await osha('deploy', INVENTORY, '--json');
      expect(failuresOf(run)).toEqual([]);
      expect(run.exitCode, run.stderr).toBe(0);
      await untilHealthy(INVENTORY, 180_000);
    });
    expect(await starts(['rabbitmq-server', 'epmd'])).toEqual(brokers);
    const now = await Promise.all(
      HOSTS.map((host) => on(host, 'sha256sum /var/lib/rabbitmq/.erlang.cookie')),
    );
    expect(new Set(now).size).toBe(1);
    expect(now).not.toEqual(cookies);
  });
}
