import { spawnSync } from 'node:child_process';
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { SecretsChanged } from '../../src/secrets/error.ts';
import { loadSecrets } from '../../src/secrets/load.ts';
import { token, type SecretRules } from '../../src/secrets/rule.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { ensureSecrets, rotateSecrets, writeSecrets } from '../../src/secrets/write.ts';
import { secretsFolder } from './folder.ts';

const folder = secretsFolder();
afterAll(() => folder.remove());
beforeEach(() => folder.clear());

const rules: SecretRules = {
  root: token('Root of the database'),
  cookie: token('The cookie', 20),
  key: { length: 64, alphabet: 'hex', describe: 'The key' },
};
const secret = (name: string, value: string): Record<string, Secret> => ({ [name]: new Secret(name, value) });

describe('two that write secrets at the same time', () => {
  const values = async (): Promise<Readonly<Record<string, string>>> => {
    const { secrets } = await loadSecrets(folder.inventory, rules);
    return Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, value.reveal()]));
  };

  it('end with the same secrets when both generate them', async () => {
    for (let round = 0; round < 20; round += 1) {
      folder.clear();
      const both = await Promise.all([
        ensureSecrets(folder.inventory, rules),
        ensureSecrets(folder.inventory, rules),
      ]);
      const kept = await values();
      for (const { secrets } of both) {
        for (const [name, value] of Object.entries(secrets)) expect(value.reveal()).toBe(kept[name]);
      }
      expect(both.map(({ generated }) => generated.length).toSorted()).toEqual([0, 3]);
    }
  });

  it('lose no rotation of each other', async () => {
    await ensureSecrets(folder.inventory, rules);
    const before = await values();
    await Promise.all([
      rotateSecrets(folder.inventory, rules, ['root']),
      rotateSecrets(folder.inventory, rules, ['cookie']),
    ]);
    const after = await values();
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual(['root', 'cookie']);
    const { previous } = await loadSecrets(folder.inventory, rules);
    expect(Object.keys(previous).toSorted()).toEqual(['cookie', 'root']);
  });

  it('leave the first one’s file where the second one decided on what was there before', async () => {
    const { snapshot, file } = await loadSecrets(folder.inventory, rules);
    await writeSecrets(folder.plain, secret('root', 'first'));
    await expect(writeSecrets(file, secret('root', 'second'), { snapshot })).rejects.toThrow(
      'was changed by another command since it was read',
    );
    expect(folder.read()).toContain('root: "first"');
    writeFileSync(folder.sealed, 'x');
    renameSync(folder.plain, `${folder.plain}.away`);
    await expect(writeSecrets(file, secret('root', 'second'), { snapshot })).rejects.toBeInstanceOf(
      SecretsChanged,
    );
    rmSync(`${folder.plain}.away`);
  });

  it('are not kept out by the lock of a process that is gone', async () => {
    const { pid } = spawnSync('true');
    symlinkSync(`process ${pid} on ${hostname()}`, join(folder.path, '.secrets.yaml.lock'));
    expect((await ensureSecrets(folder.inventory, rules)).generated).toHaveLength(3);
    expect(folder.list()).toEqual(['secrets.yaml']);
  });
});

describe('a temporary file with secrets', () => {
  it('that a killed osha left is removed by the next write, and that of a living one is not', async () => {
    const { pid } = spawnSync('true');
    const left = `.secrets.yaml.osha-${pid}-0123456789ab.tmp`;
    const living = `.secrets.yaml.osha-${process.pid}-0123456789ab.tmp`;
    writeFileSync(join(folder.path, left), 'root: old');
    writeFileSync(join(folder.path, living), 'root: new');
    await writeSecrets(folder.plain, secret('root', 'value'));
    expect(folder.list()).toEqual([living, 'secrets.yaml']);
    rmSync(join(folder.path, living));
  });
});
