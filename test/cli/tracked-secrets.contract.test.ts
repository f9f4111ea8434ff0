import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { identityToRecipient, generateX25519Identity } from 'age-encryption';
import { folderForTest } from '../support/temporary-folder.ts';
import { osha, oshaWith } from './run-cli.ts';

const WARNING = /secrets\.yaml:1:1: warning: git tracks this file/;

let folder: string;
beforeEach(async () => {
  folder = folderForTest();
  await osha(folder, 'init', '.');
});

const git = (...args: readonly string[]): void => {
  execFileSync('git', ['-C', folder, ...args], { stdio: 'ignore' });
};

/** As in a fresh clone: the file is in the index, whatever .gitignore says. */
function track(file: string): void {
  git('init');
  git('add', '--force', file);
}

describe('secrets that git tracks', () => {
  it.each([
    ['secrets', 'generate'],
    ['secrets', 'list'],
    ['secrets', 'rotate', 'erlangCookie', '--yes'],
    ['validate'],
    ['plan'],
    ['deploy', '--dry-run'],
  ])('cause a warning of osha %s %s', async (...words) => {
    track('secrets.yaml');
    const count = words[0] === 'secrets' ? 2 : 1;
    const { exitCode, stderr } = await osha(
      folder,
      ...words.slice(0, count),
      'inventory.yaml',
      ...words.slice(count),
    );
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(WARNING);
  });

  it('cause a warning before they are generated again, and in osha init', async () => {
    track('secrets.yaml');
    rmSync(join(folder, 'secrets.yaml'));
    expect((await osha(folder, 'secrets', 'generate', 'inventory.yaml')).stderr).toMatch(WARNING);
    rmSync(join(folder, 'inventory.yaml'));
    expect((await osha(folder, 'init', '.')).stderr).toMatch(WARNING);
  });

  it('cause a warning where a link points to them', async () => {
    track('secrets.yaml');
    mkdirSync(join(folder, 'site'));
    writeFileSync(join(folder, 'site/inventory.yaml'), readFileSync(join(folder, 'inventory.yaml')));
    symlinkSync('../secrets.yaml', join(folder, 'site/secrets.yaml'));
    expect((await osha(folder, 'plan', 'site/inventory.yaml')).stderr).toMatch(WARNING);
  });
});

describe('no warning is given', () => {
  const quiet = async (): Promise<void> => {
    const { exitCode, stderr } = await osha(folder, 'secrets', 'generate', 'inventory.yaml');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  };

  it('outside of a repository', quiet);

  it('where git ignores them', async () => {
    track('inventory.yaml');
    await quiet();
  });

  it('where the repository is damaged', async () => {
    track('secrets.yaml');
    writeFileSync(join(folder, '.git/HEAD'), '');
    await quiet();
  });

  it('about encrypted secrets', async () => {
    const identity = await generateX25519Identity();
    writeFileSync(join(folder, 'identity'), identity);
    const env = { OSHA_AGE_IDENTITY: join(folder, 'identity') };
    const sealed = await oshaWith(
      { cwd: folder, env },
      ...['secrets', 'encrypt', 'inventory.yaml', '--recipient', await identityToRecipient(identity)],
    );
    expect(sealed.exitCode).toBe(0);
    track('secrets.yaml.age');
    expect(await oshaWith({ cwd: folder, env }, 'secrets', 'generate', 'inventory.yaml')).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
  });
});
