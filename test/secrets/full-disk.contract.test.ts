import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendLine, writeWholeFile } from '../../src/secrets/whole-file.ts';
import { oshaWith, type CliResult } from '../cli/run-cli.ts';

/** A disk of 200 kB; mounting it takes root. */
let disk: string;
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'osha-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', disk]);
});
afterEach(() => {
  execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
});

/** Fills the disk until `left` bytes of it, in whole pages, are free. */
function fill(left: number): void {
  const free = Number(execFileSync('stat', ['-f', '-c', '%f', disk], { encoding: 'utf8' })) * 4096;
  const file = join(disk, 'ballast');
  for (let size = free - left; ; size -= 4096) {
    try {
      writeFileSync(file, Buffer.alloc(Math.max(0, size)));
      return;
    } catch {
      rmSync(file, { force: true });
    }
  }
}

/** Every file but the ballast, and what is in it. */
function files(): Readonly<Record<string, string>> {
  const names = readdirSync(disk).filter((name) => name !== 'ballast');
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(disk, name), 'utf8')]));
}

const run = (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<CliResult> =>
  oshaWith({ cwd: disk, env }, ...args);

/** An inventory whose secrets are larger than a page, so that a nearly full disk takes a part of them. */
async function deployment(): Promise<Readonly<Record<string, string>>> {
  writeFileSync(
    join(disk, 'inventory.yaml'),
    'name: test\nssh: { user: root }\nhosts:\n' +
      ['a', 'b', 'c']
        .map((name, at) => `  ${name}: { address: 192.0.2.${at + 1}, roles: [controller] }\n`)
        .join('') +
      'vips:\n  api: { address: 192.0.2.20/24, interface: eth0 }\nhaproxy: { internal_vip: api }\n',
  );
  expect((await run({}, 'secrets', 'generate', 'inventory.yaml')).exitCode).toBe(0);
  const file = join(disk, 'secrets.yaml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}# ${'note '.repeat(1500)}\n`);
  return files();
}

describe('on a disk that is full', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'osha-keys-'));
  const passphrase = join(folder, 'passphrase');
  writeFileSync(passphrase, 'correct horse battery staple\n');
  const withPassphrase = { OSHA_PASSPHRASE_FILE: passphrase };

  const verbs: readonly (readonly [verb: string, env: Readonly<Record<string, string>>])[] = [
    ['rotate', {}],
    ['encrypt', withPassphrase],
  ];
  for (const left of [0, 4096]) {
    it.each(verbs)(
      `with ${left} bytes left, osha secrets %s ends with 1 and leaves all`,
      async (verb, env) => {
        const before = await deployment();
        fill(left);
        const names = verb === 'rotate' ? ['erlangCookie', '--yes'] : [];
        const { exitCode, stderr, stdout } = await run(env, 'secrets', verb, 'inventory.yaml', ...names);
        expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
        expect(stderr).toMatch(
          /^error: .*secrets\.yaml.*: cannot be written: the disk is full; .*unchanged\n/,
        );
        expect(stderr).toContain('\nhint: make room on the file system of ');
        expect(files()).toEqual(before);
        rmSync(join(disk, 'ballast'));
        expect((await run(env, 'secrets', verb, 'inventory.yaml', ...names)).exitCode).toBe(0);
      },
    );
  }

  it('osha secrets encrypt for a recipient and decrypt end with 1 and leave all', async () => {
    const identity = await generateIdentity();
    const keys = join(folder, 'identity');
    writeFileSync(keys, `${identity}\n`);
    const recipient = await identityToRecipient(identity);
    const env = { OSHA_AGE_IDENTITY: keys };
    const encrypt = ['secrets', 'encrypt', 'inventory.yaml', '--recipient', recipient];
    const plain = await deployment();
    fill(4096);
    expect((await run(env, ...encrypt)).exitCode).toBe(1);
    expect(files()).toEqual(plain);
    rmSync(join(disk, 'ballast'));
    expect((await run(env, ...encrypt)).exitCode).toBe(0);
    const sealed = files();
    fill(4096);
    expect((await run(env, 'secrets', 'decrypt', 'inventory.yaml')).exitCode).toBe(1);
    expect(files()).toEqual(sealed);
    rmSync(join(disk, 'ballast'));
    expect((await run(env, 'secrets', 'decrypt', 'inventory.yaml')).exitCode).toBe(0);
    expect(files()).toEqual(plain);
  });

  it('osha secrets generate leaves no file, and osha init no half of an inventory', async () => {
    await deployment();
    rmSync(join(disk, 'secrets.yaml'));
    const before = files();
    fill(0);
    expect((await run({}, 'secrets', 'generate', 'inventory.yaml')).exitCode).toBe(1);
    expect(files()).toEqual(before);
    mkdirSync(join(disk, 'more'));
    const { exitCode, stderr } = await run({}, 'init', 'more');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('more/inventory.yaml: cannot be written: the disk is full');
    expect(existsSync(join(disk, 'more/inventory.yaml'))).toBe(false);
    rmSync(join(disk, 'more'), { recursive: true });
  });

  it('osha render says so', async () => {
    await deployment();
    fill(4096);
    const { exitCode, stderr } = await run({}, 'render', 'inventory.yaml', '--out', 'out');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('cannot be written: the disk is full');
    rmSync(join(disk, 'out'), { recursive: true });
  });

  it('a line is appended as a whole or not at all', () => {
    const file = join(disk, 'known_hosts');
    appendLine(file, 'first', 0o600);
    appendLine(file, 'x'.repeat(4000), 0o600);
    const before = readFileSync(file, 'utf8');
    fill(0);
    expect(() => appendLine(file, 'y'.repeat(8000), 0o600)).toThrow('the disk is full');
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('a file that takes the place of another one is whole, whatever is left', () => {
    const file = join(disk, 'file');
    writeWholeFile(file, 'old', 0o644);
    fill(4096 * 3);
    for (let size = 1024; size < 4096 * 5; size += 1024) {
      const before = readFileSync(file, 'utf8');
      const wanted = 'z'.repeat(size);
      try {
        writeWholeFile(file, wanted, 0o644);
        expect(readFileSync(file, 'utf8')).toBe(wanted);
      } catch {
        expect(readFileSync(file, 'utf8')).toBe(before);
      }
    }
    expect(readdirSync(disk)).toEqual(['ballast', 'file']);
  });
});
