import { execFileSync } from 'node:child_process';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { bashScript, wordsOf } from '../../../src/cli/verbs/completion.ts';

const program = new Command('osha');
program
  .command('deploy')
  .argument('<inventory>')
  .option('--only <phase>')
  .option('--out <dir>')
  .option('-v, --verbose');
program.command('phases');
program.command('secrets').command('rotate').argument('<inventory>').option('--force');

const script = bashScript(wordsOf(program), ['base', 'galera', 'glance']);

/** What bash offers for the last of `words`. */
function offered(...words: readonly string[]): readonly string[] {
  const quoted = ['osha', ...words].map((word) => `'${word}'`).join(' ');
  const ask = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _osha; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const printed = execFileSync('bash', ['-c', `${script}\n${ask}`], { encoding: 'utf8', cwd: '/' });
  return printed.split('\n').filter((word) => word !== '');
}

describe('bash completes', () => {
  it.each([
    ['verbs', ['de'], ['deploy']],
    ['options of a verb', ['deploy', '--o'], ['--only', '--out']],
    ['phases', ['deploy', 'x.yaml', '--only', 'g'], ['galera', 'glance']],
    ['the second phase of a list', ['deploy', 'x.yaml', '--only', 'base,ga'], ['base,galera']],
    ['files where a verb takes one', ['deploy', 'et'], ['etc']],
    ['folders for an option that takes one', ['deploy', '--out', 'et'], ['etc']],
    ['subcommands of a verb', ['secrets', 'ro'], ['rotate']],
    ['options of a subcommand', ['secrets', 'rotate', '--f'], ['--force']],
    ['nothing where no argument is allowed', ['phases', 'et'], []],
  ])('%s', (_, words, expected) => {
    expect(offered(...words)).toEqual(expected);
  });
});
