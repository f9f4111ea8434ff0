import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/cli.ts';
import { GuardedOutput } from '../../src/render/output.ts';
import { folderForAll } from '../support/temporary-folder.ts';
import { osha, oshaWith } from './run-cli.ts';

const folder = folderForAll();

describe('wrong usage exits with 2, a message on stderr and nothing on stdout', () => {
  it.each([
    [['deplyo', 'x.yaml'], "unknown command 'deplyo'\n(Did you mean deploy?)"],
    [['deploy', 'x.yaml', '--ony', 'galera'], "unknown option '--ony'\n(Did you mean --only?)"],
    [['deploy'], "missing required argument 'inventory'"],
    [['deploy', 'a.yaml', 'b.yaml'], 'too many arguments'],
    [['deploy', 'x.yaml', '--forks', '0'], 'a whole number above 0'],
    [['deploy', 'x.yaml', '--forks', 'ten'], 'a whole number above 0'],
    [['deploy', 'x.yaml', '--timeout', '-5'], 'a whole number of seconds'],
    [['deploy', 'x.yaml', '--timeout', '2147484'], 'from 1 to 2147483'],
    [['status', 'x.yaml', '--connect-timeout', '9999999'], 'from 1 to 2147483'],
    [['smoke', 'x.yaml', '--patience', '2147484'], 'from 1 to 2147483'],
    [['deploy', 'x.yaml', '--limit', ','], 'at least one name'],
    [['deploy', 'x.yaml', '--from', 'galera:a:b'], 'a phase and one of its steps'],
    [['plan', 'x.yaml', '--json', '--plain'], 'cannot be used with'],
    [['render', 'x.yaml'], "required option '--out <dir>'"],
    [['exec', 'x.yaml'], "missing required argument 'command'"],
    [['completion', 'powershell'], 'Allowed choices are bash, zsh, fish'],
    [['secrets', 'rotate', 'x.yaml'], "missing required argument 'secret'"],
    [['secrets', 'lst', 'x.yaml'], '(Did you mean list?)'],
    [['run', 'nowhere.ts', 'x.yaml'], 'nowhere.ts:1:1: error: no such file'],
    [['show', 'last'], 'no runs are recorded here'],
    [['history', 'nowhere.yaml'], 'nowhere.yaml: no such file'],
    [['deploy', 'nowhere.yaml'], 'nowhere.yaml'],
    [['status', '.'], 'folder'],
  ])('%j', async (args, words) => {
    const { exitCode, stdout, stderr } = await osha(folder, ...args);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('    at ');
    expect(exitCode).toBe(2);
    if (!args.includes('--json')) expect(stdout).toBe('');
  });

  it('prints one JSON line with --json', async () => {
    const { exitCode, stdout } = await osha(folder, 'deploy', 'x.yaml', '--json', '--forks', 'no');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ event: 'error', exitCode: 2 });
  });

  it('does not include words after --, which belong to another command', async () => {
    const { stdout } = await osha(folder, 'exec', 'nowhere.yaml', '--', 'ls', '--json');
    expect(stdout).toBe('');
  });
});

describe('help', () => {
  const program = createProgram({
    io: {
      stdout: new GuardedOutput(process.stdout),
      stderr: new GuardedOutput(process.stderr),
      env: {},
      cwd: '.',
      isTTY: false,
      onInterrupt: () => () => undefined,
      quit: () => undefined,
    },
    command: 'osha',
    exitCode: 0,
  });

  it('lists the verbs and the exit codes, and exits with 0', async () => {
    const { exitCode, stdout, stderr } = await osha(folder, '--help');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('Exit codes: 0 done');
  });

  it('has a summary under 60 characters for every verb', () => {
    const all = program.commands.flatMap((command: Command) => [command, ...command.commands]);
    expect(all.map((command) => command.summary()).filter(({ length }) => length >= 60)).toEqual([]);
  });

  it.each(program.commands.map((command: Command) => command.name()))(
    'of %s has an example',
    async (verb) => {
      const { exitCode, stdout } = await osha(folder, verb, '--help');
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/\nExamples?:\n/);
      expect(stdout.split('\n').every((line) => line.length <= 120)).toBe(true);
    },
  );
});

it('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  expect((await osha(folder, '--version')).stdout).toBe(`${version}\n`);
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('for %s knows verbs, options and phases', async (shell) => {
    const { exitCode, stdout } = await oshaWith({ cwd: folder }, 'completion', shell);
    expect(exitCode).toBe(0);
    for (const word of ['deploy', 'rotate', 'accept-new', 'haproxy']) expect(stdout).toContain(word);
  });
});
