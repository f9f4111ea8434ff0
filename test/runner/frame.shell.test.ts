import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Probe } from '../../src/playbook/operation.ts';
import { frameOf, keyOf } from '../../src/runner/frame.ts';
import { Secret } from '../../src/secrets/secret.ts';

function probe(script: string, input?: Secret): Probe<string> {
  return { script, reads: [], parse: ({ stdout }) => stdout, ...(input ? { input } : {}) };
}

function ask(...probes: readonly Probe[]): ReturnType<ReturnType<typeof frameOf>['split']> {
  const frame = frameOf(probes);
  const { stdout, stderr } = spawnSync('sh', ['-s'], { input: frame.script, encoding: 'utf8' });
  return frame.split({ stdout, stderr });
}

describe('a frame of probes', () => {
  it('gives each probe its own stdout, stderr and exit code', () => {
    const answers = ask(probe('echo one'), probe('echo two >&2; exit 3'), probe('printf three'));
    expect(answers).toEqual([
      { stdout: 'one\n', stderr: '', exitCode: 0 },
      { stdout: '', stderr: 'two\n', exitCode: 3 },
      { stdout: 'three', stderr: '', exitCode: 0 },
    ]);
  });

  it('confines a syntax error to its probe', () => {
    const answers = ask(probe('echo "unclosed'), probe('echo after'));
    expect(answers[0]?.exitCode).not.toBe(0);
    expect(answers[1]).toMatchObject({ stdout: 'after\n', exitCode: 0 });
  });

  it('confines variables and the working directory to their probe', () => {
    const answers = ask(probe('cd /; x=1'), probe('echo "${x-unset}"; [ "$PWD" = / ] && echo moved; true'));
    expect(answers[1]?.stdout).toBe('unset\n');
  });

  it('gives a probe its input, and nothing to those that have none', () => {
    const secret = new Secret('password', `it's "quoted" $HOME \\ \``);
    const answers = ask(probe('cat', secret), probe('wc -c'));
    expect(answers[0]?.stdout).toBe(`${secret.reveal()}\n`);
    expect(answers[1]?.stdout.trim()).toBe('0');
  });

  it('copes with quotes, and with output that looks like a mark', () => {
    const answers = ask(probe(`echo 'it'"'"'s' '\nosha-00 0 0'`), probe('echo next'));
    expect(answers.map((answer) => answer.exitCode)).toEqual([0, 0]);
    expect(answers[1]?.stdout).toBe('next\n');
  });

  it('is rejected when its output is truncated', () => {
    const frame = frameOf([probe('true')]);
    expect(() => frame.split({ stdout: 'half', stderr: '' })).toThrow(/truncated/);
  });

  it('identifies a probe by its script and its input', () => {
    const first = new Secret('password', 'first');
    const second = new Secret('password', 'second');
    expect(keyOf(probe('cat', first))).toBe(keyOf(probe('cat', first)));
    expect(keyOf(probe('cat', first))).not.toBe(keyOf(probe('cat', second)));
    expect(keyOf(probe('cat'))).not.toBe(keyOf(probe('cat', first)));
  });
});
