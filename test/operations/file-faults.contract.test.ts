import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { writeFileScript } from '../../src/operations/file-script.ts';
import { folderForTest } from '../support/temporary-folder.ts';
import { me, runHere } from './local.ts';

const SECRET = 'gW3rt7zUi9oPlM2n';

let folder: string;
beforeEach(() => {
  folder = folderForTest();
});

interface Writing {
  readonly child: ChildProcessWithoutNullStreams;
  /** The validator runs: what is secret is on the disk. */
  readonly validating: Promise<void>;
  readonly ended: Promise<void>;
}

const scriptFor = (name: string, validate?: string): string =>
  `set -e\n${writeFileScript(join(folder, name), { ...me, mode: 0o600, ...(validate === undefined ? {} : { validate }) })}`;

/** Begins to write a secret, in a session of its own, and stays in its validator. */
function begin(name: string, validate: string): Writing {
  const child = spawn('sh', ['-c', scriptFor(name, `touch ${join(folder, 'validating')}; ${validate}`)], {
    detached: true,
  });
  child.stdin.on('error', () => undefined).end(SECRET);
  child.stdout.resume();
  child.stderr.resume();
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const validating = (async (): Promise<void> => {
    while (!existsSync(join(folder, 'validating'))) await new Promise((resolve) => setTimeout(resolve, 5));
  })();
  return { child, validating, ended };
}

const signal = (writing: Writing, name: NodeJS.Signals): boolean =>
  process.kill(-(writing.child.pid ?? 0), name);
const left = (): readonly string[] => readdirSync(folder).filter((name) => name !== 'validating');

/** Whether the secret stands anywhere in the folder. */
const isLeaked = (): boolean =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).some(
    (entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name), 'utf8').includes(SECRET),
  );

/** Soon; the validator may still run, and is ended then. */
async function nothingIsLeft(writing: Writing): Promise<void> {
  await vi.waitFor(() => expect(left()).toEqual([]), { timeout: 30_000, interval: 20 });
  try {
    signal(writing, 'SIGKILL');
  } catch {
    // It has ended.
  }
  await writing.ended;
  expect(left()).toEqual([]);
}

describe('a file that is being written when its script has to end', () => {
  it.each(['HUP', 'INT', 'QUIT', 'ABRT', 'ALRM', 'TERM', 'USR1', 'USR2', 'PIPE'] as const)(
    'leaves nothing after SIG%s to all that belongs to it',
    async (name) => {
      const writing = begin('a', 'sleep 20');
      await writing.validating;
      expect(isLeaked()).toBe(true);
      signal(writing, `SIG${name}`);
      await nothingIsLeft(writing);
    },
  );

  it('leaves nothing where the validator ignores the signal, and does not wait for it', async () => {
    const writing = begin('a', `trap '' TERM; while :; do sleep 0.1; done`);
    await writing.validating;
    signal(writing, 'SIGTERM');
    await nothingIsLeft(writing);
  });

  it('leaves nothing where the validator’s output is not read', async () => {
    const writing = begin('a', 'while :; do echo on; echo on >&2; sleep 0.01; done');
    await writing.validating;
    writing.child.stdout.destroy();
    writing.child.stderr.destroy();
    await writing.ended;
    expect(left()).toEqual([]);
  });

  it('removes files that the validator put next to the file', () => {
    const path = join(folder, 'a');
    const result = runHere(scriptFor('a', 'cp {} {}.bak; mkdir "$(dirname {})/cache"; true'), SECRET);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readFileSync(path, 'utf8')).toBe(SECRET);
    expect(left()).toEqual(['a']);
    runHere(scriptFor('b', 'cp {} {}.bak; false'), SECRET);
    expect(left()).toEqual(['a']);
  });

  it('shows the validator the name that the file will have', () => {
    const { stderr } = runHere(scriptFor('my.conf', 'basename {}'), 'x');
    expect(stderr).toBe('my.conf\n');
  });
});

describe('the leftover of a killed script', () => {
  it('is removed by the next write in the same directory', async () => {
    const writing = begin('a', 'sleep 20');
    await writing.validating;
    signal(writing, 'SIGKILL');
    await writing.ended;
    expect(isLeaked()).toBe(true);
    expect(runHere(scriptFor('b'), 'no secret').exitCode).toBe(0);
    expect(left()).toEqual(['b']);
  });

  it('is told apart from files that another script is writing there', async () => {
    const writing = begin('a', `until [ -e ${folder}/go ]; do sleep 0.02; done`);
    await writing.validating;
    expect(runHere(scriptFor('b'), 'b').exitCode).toBe(0);
    writeFileSync(join(folder, 'go'), '');
    await writing.ended;
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe(SECRET);
    expect(left().toSorted()).toEqual(['a', 'b', 'go']);
  });

  it.each([
    ['a process of another number', (): string => `.osha.999999999-1.abcdef`],
    ['a process that began at another time', (): string => `.osha.${process.pid}-1.abcdef`],
    ['an earlier osha', (): string => '.osha.abcdef'],
  ])('is removed where its name tells %s', (_, name) => {
    mkdirSync(join(folder, name()));
    writeFileSync(join(folder, name(), 'a'), SECRET);
    runHere(scriptFor('b'), 'b');
    expect(left()).toEqual(['b']);
  });

  it('is the only thing removed: other hidden files and link targets stay', () => {
    writeFileSync(join(folder, '.osha'), 'theirs');
    writeFileSync(join(folder, '.osharc'), 'theirs');
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'elsewhere/kept'), '');
    symlinkSync(join(folder, 'elsewhere'), join(folder, '.osha.link'));
    expect(runHere(scriptFor('b'), 'b')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(left().toSorted()).toEqual(['.osha', '.osha.link', '.osharc', 'b', 'elsewhere']);
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual(['kept']);
  });
});
