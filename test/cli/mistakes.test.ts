import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderForTest } from '../support/temporary-folder.ts';
import { oshaWith } from './run-cli.ts';

type Make = (path: string) => void;
const aFile: Make = (path) => writeFileSync(path, '');
const aFolder: Make = (path) => {
  rmSync(path, { force: true });
  mkdirSync(join(path, 'x'), { recursive: true });
};
const aLoop: Make = (path) => {
  rmSync(path, { force: true });
  symlinkSync(path, path);
};
const OUT = ['render', 'inventory.yaml', '--out'];

describe('a mistake of the user exits with 2 and is a JSON line with --json, where', () => {
  it.each<[string, string, Make, readonly string[], string]>([
    ['--out is a file', 'out', aFile, [...OUT, 'out'], 'out: exists already and is not a folder'],
    ['--out is below a file', 'out', aFile, [...OUT, 'out/a/b'], 'a part of this path is a file'],
    ['--out is a link to itself', 'out', aLoop, [...OUT, 'out'], 'out: '],
    [
      'the marker of a rendered folder is a folder',
      'out/.osha-render',
      aFolder,
      [...OUT, 'out'],
      'is a folder, not a file',
    ],
    ['the folder to init is a file', 'prod', aFile, ['init', 'prod'], 'prod: '],
    [
      'the file of the passphrase is a folder',
      'secret',
      aFolder,
      ['secrets', 'encrypt', 'inventory.yaml'],
      'folder',
    ],
    [
      'the file of the passphrase is missing',
      'x',
      aFile,
      ['secrets', 'encrypt', 'inventory.yaml'],
      'no such file',
    ],
    ['the secrets are a folder', 'secrets.yaml', aFolder, ['validate', 'inventory.yaml'], 'secrets.yaml'],
    [
      'the records of runs are a file',
      '.osha',
      aFile,
      ['show', 'last', 'inventory.yaml'],
      'a part of this path is a file',
    ],
    ['the inventory is a folder', 'inventory.yaml', aFolder, ['plan', 'inventory.yaml'], 'this is a folder'],
    ['the playbook is a folder', 'my.ts', aFolder, ['run', 'my.ts', 'inventory.yaml'], 'this is a folder'],
    [
      'the playbook comes second',
      'my.ts',
      aFile,
      ['run', 'inventory.yaml', 'my.ts'],
      'osha run PLAYBOOK.ts INVENTORY',
    ],
  ])('%s', async (_, path, make, args, words) => {
    const folder = folderForTest();
    const env = { OSHA_PASSPHRASE_FILE: join(folder, 'secret') };
    expect((await oshaWith({ cwd: folder }, 'init', '.')).exitCode).toBe(0);
    if (path.includes('/')) mkdirSync(join(folder, path, '..'));
    make(join(folder, path));
    const { exitCode, stdout, stderr } = await oshaWith({ cwd: folder, env }, ...args);
    expect(stderr).toContain(words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    if (args[0] === 'init' || args[0] === 'secrets') return;
    const json = await oshaWith({ cwd: folder, env }, ...args, '--json');
    const last: unknown = JSON.parse(json.stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({ event: 'error', exitCode: 2 });
  });

  it('an unknown platform is reported at its place', async () => {
    const folder = folderForTest();
    await oshaWith({ cwd: folder }, 'init', '.');
    const file = join(folder, 'inventory.yaml');
    const text = readFileSync(file, 'utf8').replace(/^platform: .*$/m, 'platform: ubuntu-24.04');
    writeFileSync(file, `${text}\nopenstack: { services: [identity] }\n`);
    const { exitCode, stderr } = await oshaWith({ cwd: folder }, 'validate', 'inventory.yaml');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /inventory\.yaml:\d+:11: error: unknown platform "ubuntu-24\.04"; write one of debian-12/,
    );
    expect(existsSync(join(folder, '.osha'))).toBe(false);
  });
});
