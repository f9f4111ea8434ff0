import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderForTest } from '../support/temporary-folder.ts';
import { osha, oshaWith, type CliResult } from './run-cli.ts';

let folder: string;
beforeEach(() => {
  folder = folderForTest();
});

const run = (...args: readonly string[]): Promise<CliResult> => osha(folder, ...args);
const read = (...path: readonly string[]): string => readFileSync(join(folder, ...path), 'utf8');

// Not among the unit tests: a passphrase is made expensive to guess, and so to use.
describe('osha secrets', () => {
  it('encrypts with a passphrase typed twice, and decrypts with one from a file', async () => {
    await run('init', '.');
    const plain = read('secrets.yaml');
    const asked: string[] = [];
    const askHidden = async (question: string): Promise<string> => {
      asked.push(question);
      return 'correct horse';
    };
    expect(await oshaWith({ cwd: folder, askHidden }, 'secrets', 'encrypt', 'inventory.yaml')).toMatchObject({
      exitCode: 0,
    });
    expect(asked).toHaveLength(2);
    expect(existsSync(join(folder, 'secrets.yaml'))).toBe(false);

    expect((await run('plan', 'inventory.yaml')).exitCode).toBe(0);
    const closed = await run('secrets', 'decrypt', 'inventory.yaml');
    expect(closed.exitCode).toBe(2);
    expect(closed.stderr).toContain('OSHA_PASSPHRASE_FILE');

    writeFileSync(join(folder, 'passphrase'), 'correct horse\n');
    const env = { OSHA_PASSPHRASE_FILE: join(folder, 'passphrase') };
    expect((await oshaWith({ cwd: folder, env }, 'secrets', 'decrypt', 'inventory.yaml')).exitCode).toBe(0);
    expect(read('secrets.yaml')).toBe(plain);
  });
});
