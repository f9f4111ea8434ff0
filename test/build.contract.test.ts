import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { folderForAll } from './support/temporary-folder.ts';

const ROOT = resolve(import.meta.dirname, '..');
/** A checkout with this one's launcher, build and settings, and sources that are compiled in a moment. */
const folder = folderForAll();
/** Milliseconds: every test builds, some several times. */
vi.setConfig({ testTimeout: 300_000 });
const dist = (...path: readonly string[]): string => join(folder, 'dist', ...path);

/** It begins, waits for a file where it is told to, and only then loads the rest of its modules, as verbs do. */
const MAIN = `
  import { existsSync } from 'node:fs';
  import { VERSION } from '../version.ts';
  process.stdout.write('began\\n');
  const file = process.env['WAIT_FOR'];
  while (file !== undefined && !existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
  const [{ LATE }, { FACE }] = await Promise.all([import('../late.ts'), import('../../playbooks/index.ts')]);
  process.stdout.write([VERSION, LATE, FACE, ...process.argv.slice(2)].join(' ') + '\\n');`;

/** Replaces a source as an editor does: as a whole. */
function write(name: string, text: string): void {
  writeFileSync(join(folder, 'new'), text);
  renameSync(join(folder, 'new'), join(folder, name));
}

const edit = (version: string): void =>
  write('src/version.ts', `export const VERSION: string = '${version}';\n`);

beforeAll(() => {
  for (const name of ['osha', 'build.js', 'package.json', 'tsconfig.json', 'tsconfig.build.json']) {
    copyFileSync(join(ROOT, name), join(folder, name));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const name of ['src/cli', 'playbooks']) mkdirSync(join(folder, name), { recursive: true });
  edit('one');
  write('src/late.ts', "export { VERSION as LATE } from './version.ts';\n");
  write('src/index.ts', "export { VERSION as FACE } from './version.ts';\n");
  write('playbooks/index.ts', "export { FACE } from 'osha';\n");
  write('src/cli/main.ts', MAIN);
});

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly said: () => string;
}

/** Starts a program of the checkout, in a process group of its own. */
function start(name: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [join(folder, name), ...args], {
    cwd: folder,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((done) => child.on('close', (status) => done({ status, stdout, stderr })));
  return { process: child, ended, said: () => stdout };
}

const run = (name: string, ...args: readonly string[]): Promise<Ended> => start(name, args).ended;
const printed = (version: string): string => `began\n${version} ${version} ${version}\n`;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((done) => setTimeout(done, 10));
}

const unfinished = (): readonly string[] =>
  existsSync(dist()) ? readdirSync(dist()).filter((name) => name.startsWith('.building')) : [];
const builds = (): readonly string[] => readdirSync(dist()).filter((name) => /^[0-9a-f]{16}$/.test(name));

describe('the launcher of a checkout', () => {
  it('builds first where nothing is built, says so in one line, and then runs at once', async () => {
    expect(await run('osha')).toEqual({
      status: 0,
      stdout: printed('one'),
      stderr: 'osha: building what has changed ...\n',
    });
    expect(await run('osha', 'deploy', '-v')).toEqual({
      status: 0,
      stdout: 'began\none one one deploy -v\n',
      stderr: '',
    });
  });

  it('builds again where a source has changed, and finds an earlier build where it has changed back', async () => {
    edit('two');
    expect(await run('osha')).toMatchObject({ status: 0, stdout: printed('two') });
    edit('one');
    expect(await run('osha')).toEqual({ status: 0, stdout: printed('one'), stderr: '' });
    expect(await run('dist/osha.js')).toEqual({ status: 0, stdout: printed('one'), stderr: '' });
  });

  it('tells a mistake in the sources, and leaves what was built before as it is', async () => {
    edit("'; const broken: number = 'text");
    const { status, stdout, stderr } = await run('osha');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('src/version.ts(1,');
    expect(stderr).toContain('error: the build failed: see above');
    expect(unfinished()).toEqual([]);
    expect(await run('dist/osha.js')).toMatchObject({ status: 0, stdout: printed('one') });
    edit('one');
    expect(await run('osha')).toEqual({ status: 0, stdout: printed('one'), stderr: '' });
  });
});

describe('an osha that runs', () => {
  it.each(['osha', 'dist/osha.js'])(
    'by %s while it is built anew ends with the modules that it began with',
    async (name) => {
      edit(`before ${name}`);
      expect(await run('osha')).toMatchObject({ status: 0 });
      const signal = join(folder, `go on, ${name.replace('/', ' ')}`);
      const running = start(name, [], { WAIT_FOR: signal });
      await until(() => running.said() === 'began\n');
      edit(`after ${name}`);
      expect(await run('osha')).toMatchObject({ stdout: printed(`after ${name}`) });
      writeFileSync(signal, '');
      expect(await running.ended).toEqual({ status: 0, stdout: printed(`before ${name}`), stderr: '' });
    },
  );

  it('comes from one build or the next, however often it starts while they replace each other', async () => {
    for (const version of ['six', 'seven']) {
      edit(version);
      const building = start('build.js');
      let done = false;
      void building.ended.then(() => (done = true));
      const starts: Ended[] = [];
      while (!done) starts.push(...(await Promise.all([run('dist/osha.js'), run('dist/osha.js')])));
      expect(await building.ended).toMatchObject({ status: 0 });
      expect(starts.length).toBeGreaterThan(0);
      for (const { status, stdout, stderr } of starts) {
        const [, all = ''] = stdout.split('\n');
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        expect(new Set(all.split(' ')).size).toBeLessThanOrEqual(2);
      }
    }
    expect(await run('dist/osha.js')).toMatchObject({ stdout: printed('seven') });
  });
});

describe('a build', () => {
  it('that was killed leaves the one before in place, and the next call builds', async () => {
    edit('seven');
    expect(await run('osha')).toMatchObject({ stdout: printed('seven') });
    edit('eight');
    const building = start('osha');
    await until(() => unfinished().length > 0);
    process.kill(-(building.process.pid ?? 0), 'SIGKILL');
    expect((await building.ended).stdout).toBe('');
    expect(await run('dist/osha.js')).toMatchObject({ status: 0, stdout: printed('seven') });
    expect(await run('osha')).toMatchObject({ status: 0, stdout: printed('eight') });
  });

  it('that is interrupted ends with 130 and takes what it began away', async () => {
    for (const name of unfinished()) utimesSync(dist(name), 0, 0);
    edit('nine');
    const before = unfinished();
    const building = start('osha');
    await until(() => unfinished().some((name) => !before.includes(name)));
    building.process.kill('SIGINT');
    const { status, stderr } = await building.ended;
    expect(status).toBe(130);
    expect(stderr).toContain('error: interrupted; the next call builds again');
    expect(unfinished()).toEqual([]);
  });

  it('beside another one of the same sources is right, whichever comes first', async () => {
    edit('ten');
    const count = builds().length;
    const both = await Promise.all([run('osha'), run('osha'), run('build.js')]);
    expect(both.map(({ status, stdout }) => [status, stdout])).toEqual([
      [0, printed('ten')],
      [0, printed('ten')],
      [0, ''],
    ]);
    expect({ unfinished: unfinished(), builds: builds().length }).toEqual({
      unfinished: [],
      builds: count + 1,
    });
  });

  it('removes builds that nobody has begun with for a day, and keeps the others', async () => {
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    const [old = '', ...others] = builds();
    utimesSync(dist(old), twoDaysAgo, twoDaysAgo);
    edit('eleven');
    await run('build.js');
    expect(builds()).not.toContain(old);
    expect(builds()).toEqual(expect.arrayContaining(others));
  });
});

it('npm pack packs one build, which runs where it is unpacked', async () => {
  edit('twelve');
  const pack = spawnSync('npm', ['pack', '--silent'], { cwd: folder, encoding: 'utf8' });
  expect(pack.status).toBe(0);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  mkdirSync(join(folder, 'unpacked'));
  expect(spawnSync('tar', ['xzf', join(folder, tarball), '-C', join(folder, 'unpacked')]).status).toBe(0);
  const names = readdirSync(join(folder, 'unpacked/package/dist')).toSorted();
  expect(names).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), 'index.d.ts', 'index.js', 'osha.js']);
  edit('thirteen');
  expect(await run('unpacked/package/dist/osha.js')).toEqual({
    status: 0,
    stdout: printed('twelve'),
    stderr: '',
  });
});
