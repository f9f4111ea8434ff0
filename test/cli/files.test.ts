import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderForTest } from '../support/temporary-folder.ts';
import { osha, type CliResult } from './run-cli.ts';

let folder: string;
beforeEach(() => {
  folder = folderForTest();
});

const run = (...args: readonly string[]): Promise<CliResult> => osha(folder, ...args);
const read = (...path: readonly string[]): string => readFileSync(join(folder, ...path), 'utf8');
const lastLine = (text: string): unknown => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');

/** Every file below `path`, and what is in it. */
function contents(path: string): Readonly<Record<string, string>> {
  const files = readdirSync(join(folder, path), { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    files
      .filter((file) => file.isFile())
      .map((file) => {
        const name = join(file.parentPath, file.name);
        return [name, readFileSync(name, 'utf8')];
      }),
  );
}

describe('osha init', () => {
  it('writes a valid inventory that can be planned, and keeps its secrets private and out of git', async () => {
    expect((await run('init', 'prod')).exitCode).toBe(0);
    expect(read('prod', 'inventory.yaml')).toContain('name: prod');
    expect(statSync(join(folder, 'prod', 'secrets.yaml')).mode & 0o777).toBe(0o600);
    expect(read('prod', '.gitignore').split('\n')).toEqual(
      expect.arrayContaining(['secrets.yaml', '.osha/']),
    );
    expect(await run('validate', 'prod/inventory.yaml')).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await run('plan', 'prod/inventory.yaml')).exitCode).toBe(0);
  });

  const IGNORED = ['secrets.yaml', '.secrets.yaml.*', '.osha/'];
  it.each([
    ['is empty', '', IGNORED.join('\n')],
    ['has other lines', '*.log\n', ['*.log', ...IGNORED].join('\n')],
    ['does not end with a line break', '*.log', ['*.log', ...IGNORED].join('\n')],
    ['has some of the lines', '.osha\n', '.osha\nsecrets.yaml\n.secrets.yaml.*'],
    ['has equivalent lines', '/secrets.yaml\r\n.secrets.yaml.*\r\n/.osha/', undefined],
    [
      'negates one',
      `${IGNORED.join('\n')}\n!secrets.yaml\n`,
      `${IGNORED.join('\n')}\n!secrets.yaml\nsecrets.yaml`,
    ],
    [
      'only has similar lines',
      '# secrets.yaml\nold-secrets.yaml\n',
      `# secrets.yaml\nold-secrets.yaml\n${IGNORED.join('\n')}`,
    ],
  ])('adds missing lines to a .gitignore that %s, and reports it', async (_what, before, after) => {
    writeFileSync(join(folder, '.gitignore'), before);
    const { exitCode, stdout } = await run('init');
    expect(exitCode).toBe(0);
    expect(read('.gitignore')).toBe(after === undefined ? before : `${after}\n`);
    expect(stdout.includes('wrote .gitignore')).toBe(after !== undefined);
  });

  it('writes nothing where the .gitignore cannot be read', async () => {
    mkdirSync(join(folder, '.gitignore'));
    const { exitCode, stderr } = await run('init');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/\.gitignore:1:1: error: this is a folder/);
    expect(readdirSync(folder)).toEqual(['.gitignore']);
  });

  it('does not overwrite an existing inventory', async () => {
    mkdirSync(join(folder, 'prod'));
    writeFileSync(join(folder, 'prod', 'inventory.yaml'), 'mine');
    const { exitCode, stderr } = await run('init', 'prod');
    expect(exitCode).toBe(2);
    expect(stderr).toBe('error: prod/inventory.yaml already exists\nhint: edit it, or name another folder\n');
    expect(contents('prod')).toEqual({ [join(folder, 'prod', 'inventory.yaml')]: 'mine' });
  });

  it.each(['2026 cloud!', '...', 'a'.repeat(60)])('makes a valid name of the folder %s', async (name) => {
    await run('init', name);
    expect((await run('validate', join(name, 'inventory.yaml'))).exitCode).toBe(0);
  });
});

describe('read-only commands write nothing:', () => {
  it.each([['validate'], ['plan'], ['plan', '--json'], ['deploy', '--dry-run'], ['secrets', 'list']])(
    'osha %s %s',
    async (...args) => {
      await run('init', '.');
      rmSync(join(folder, 'secrets.yaml'));
      const before = contents('.');
      const [verb = '', ...rest] = args;
      const { exitCode } = await run(
        verb,
        ...(verb === 'secrets' ? rest : []),
        'inventory.yaml',
        ...(verb === 'secrets' ? [] : rest),
      );
      expect(exitCode).toBe(0);
      expect(contents('.')).toEqual(before);
    },
  );
});

describe('an inventory with mistakes', () => {
  const broken =
    'name: x\nhosts:\n  a: { address: 10.0.0.1, roles: [controler] }\n  b: { adress: 10.0.0.1 }\n';

  it('is rejected with 2, and every mistake with its place on stderr', async () => {
    writeFileSync(join(folder, 'broken.yaml'), broken);
    for (const verb of ['validate', 'plan', 'deploy', 'status', 'check']) {
      const { exitCode, stdout, stderr } = await run(verb, 'broken.yaml');
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toMatch(/broken\.yaml:3:\d+: error: .*controler/);
      expect(stderr).toMatch(/broken\.yaml:4:\d+: error: .*adress/);
    }
  });

  it('is rejected in JSON lines with --json', async () => {
    writeFileSync(join(folder, 'broken.yaml'), broken);
    const { stdout } = await run('validate', 'broken.yaml', '--json');
    const lines = stdout.trimEnd().split('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'problem', severity: 'error', line: 3 });
    expect(lastLine(stdout)).toMatchObject({ event: 'error', exitCode: 2 });
  });

  it('with secrets that others can read is rejected, too', async () => {
    await run('init', '.');
    chmodSync(join(folder, 'secrets.yaml'), 0o644);
    const { exitCode, stderr } = await run('validate', 'inventory.yaml');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('chmod 600');
  });
});

describe('a selection of something unknown', () => {
  it.each([
    [['--only', 'galerra'], '"galerra"'],
    [['--limit', 'controller9'], '"controller9"'],
    [['--limit', 'storage'], 'no host has the role "storage"'],
    [['--from', 'base:nothing'], '"nothing"'],
  ])('%j exits with 2 and lists the choices', async (args, words) => {
    await run('init', '.');
    const { exitCode, stderr, stdout } = await run('plan', 'inventory.yaml', ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr).toContain('\nhint: its ');
  });
});

describe('osha plan', () => {
  it('prints phases, steps, strategies and hosts, also in JSON', async () => {
    await run('init', '.');
    const { stdout } = await run('plan', 'inventory.yaml', '--only', 'base', '--limit', 'controller2');
    expect(stdout).toMatch(/^1\. .* \(base\) on controller2\n +STEP +STRATEGY +--FROM\n/);
    expect(stdout).toMatch(/in parallel +base:set-the-time-zone\n/);
    expect(stdout).not.toContain('controller1');
    const json = await run('plan', 'inventory.yaml', '--json');
    expect(JSON.parse(json.stdout.split('\n')[0] ?? '')).toMatchObject({ event: 'phase', phase: 'base' });
    expect(lastLine(json.stdout)).toMatchObject({ event: 'summary', changes: 0, failed: 0 });
  });
});

describe('osha render', () => {
  it('writes the files of every host with masked secrets, and replaces them when repeated', async () => {
    await run('init', '.');
    const values = [...read('secrets.yaml').matchAll(/: "?([A-Za-z0-9]{16,})"?$/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(values.length).toBeGreaterThan(0);
    expect((await run('render', 'inventory.yaml', '--out', 'out')).exitCode).toBe(0);
    const files = contents('out');
    expect(Object.keys(files)).toContain(join(folder, 'out/controller2/etc/haproxy/haproxy.cfg'));
    const all = Object.values(files).join('\n');
    expect(all).toContain('<secret ');
    for (const value of values) expect(all).not.toContain(value);
    writeFileSync(join(folder, 'out/controller2/stale'), '');
    expect((await run('render', 'inventory.yaml', '--out', 'out')).exitCode).toBe(0);
    expect(contents('out')).toEqual(files);
  });

  it('refuses a folder that it did not create, unless forced', async () => {
    await run('init', '.');
    mkdirSync(join(folder, 'mine'));
    writeFileSync(join(folder, 'mine/note'), 'keep me');
    const refused = await run('render', 'inventory.yaml', '--out', 'mine');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(readdirSync(join(folder, 'mine'))).toEqual(['note']);
    expect((await run('render', 'inventory.yaml', '--out', 'mine', '--force')).exitCode).toBe(0);
    expect(read('mine/note')).toBe('keep me');
  });
});

describe('osha secrets', () => {
  it('generates missing secrets, replaces named ones, and prints no value', async () => {
    await run('init', '.');
    rmSync(join(folder, 'secrets.yaml'));
    const listed = await run('secrets', 'list', 'inventory.yaml', '--json');
    const [first, second] = listed.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; state: string });
    expect(first?.state).toBe('missing');
    const generated = await run('secrets', 'generate', 'inventory.yaml');
    const before = read('secrets.yaml');
    const rotated = await run('secrets', 'rotate', 'inventory.yaml', first?.name ?? '', '--yes');
    const after = read('secrets.yaml');
    const valueOf = (text: string, name = ''): string =>
      new RegExp(`^${name}: "?([^"\n]+)`, 'm').exec(text)?.[1] ?? '';
    expect(valueOf(after, first?.name)).not.toBe(valueOf(before, first?.name));
    expect(valueOf(after, second?.name)).toBe(valueOf(before, second?.name));
    const printed = [generated, rotated, await run('secrets', 'list', 'inventory.yaml')];
    for (const { stdout, exitCode } of printed) {
      expect(exitCode).toBe(0);
      expect(stdout).not.toContain(valueOf(after, first?.name));
      expect(stdout).not.toContain(valueOf(after, second?.name));
    }
  });
});
