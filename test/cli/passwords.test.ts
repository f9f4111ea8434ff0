import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/cli.ts';
import { wordsOf } from '../../src/cli/verbs/completion.ts';
import { listening } from '../render/output.ts';
import { folderForTest } from '../support/temporary-folder.ts';
import { oshaWith, type CliResult } from './run-cli.ts';

let folder: string;
beforeEach(() => {
  folder = folderForTest();
  writeFileSync(
    join(folder, 'inventory.yaml'),
    'name: test\nhosts:\n  a: { address: 192.0.2.1, roles: [controller] }\n',
  );
});

const verbs = wordsOf(
  createProgram({
    io: {
      stdout: listening(),
      stderr: listening(),
      env: {},
      cwd: '.',
      isTTY: false,
      onInterrupt: () => () => undefined,
      quit: () => undefined,
    },
    command: 'osha',
    exitCode: 0,
  }),
);
const flagsOf = (name: string): readonly string[] =>
  verbs.find((verb) => verb.name === name)?.options.flatMap(({ flags }) => flags) ?? [];
const connecting = verbs
  .map(({ name }) => name)
  .filter((name) => flagsOf(name).includes('--connect-timeout'));

function run(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<CliResult> {
  return oshaWith({ cwd: folder, env }, ...args);
}

describe('passwords', () => {
  it('are options of every verb that connects', () => {
    expect(connecting).toEqual(
      expect.arrayContaining(['check', 'deploy', 'exec', 'plan', 'run', 'secrets adopt', 'smoke', 'status']),
    );
    for (const name of connecting) {
      expect(flagsOf(name), name).toEqual(expect.arrayContaining(['--ask-password', '--ask-sudo-password']));
    }
  });

  it.each([
    ['--ask-password', 'SSH password', 'OSHA_SSH_PASSWORD_FILE'],
    ['--ask-sudo-password', 'sudo password', 'OSHA_SUDO_PASSWORD_FILE'],
  ])(
    'are required with %s, and without a terminal or a file the command exits with 2',
    async (flag, what, variable) => {
      const { exitCode, stderr } = await run({}, 'exec', 'inventory.yaml', flag, '--', 'true');
      expect(stderr).toBe(
        `error: the ${what} is required, but there is no terminal to ask for it\nhint: set ${variable} to a file that contains it\n`,
      );
      expect(exitCode).toBe(2);
    },
  );

  it.each([
    ['that is empty', () => writeFileSync(join(folder, 'file'), '\n'), 'the sudo password is empty'],
    [
      'of several lines, of which sudo would take one',
      () => writeFileSync(join(folder, 'file'), 'horse\nreboot\n'),
      'the sudo password has more than one line',
    ],
    ['that does not exist', () => undefined, 'cannot read file: no such file or folder'],
    ['that is a folder', () => mkdirSync(join(folder, 'file')), 'cannot read file: is a folder, not a file'],
  ])('are rejected from a file %s', async (_, make, words) => {
    make();
    const env = { OSHA_SUDO_PASSWORD_FILE: 'file' };
    const { exitCode, stderr } = await run(env, 'exec', 'inventory.yaml', '--', 'true');
    expect(stderr).toContain(`error: ${words}`);
    expect(stderr).not.toContain('horse');
    expect(exitCode).toBe(2);
  });
});
