import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import * as packages from '../../src/operations/packages.ts';

function decided(operation: ReturnType<typeof packages.installed>, stdout: string): readonly string[] {
  const state = operation.probe.parse({ stdout, stderr: '', exitCode: 0 });
  return operation.decide(state).map((change) => change.summary);
}

describe('packages.installed', () => {
  const chrony = packages.installed(['chrony'], { replaces: ['systemd-timesyncd'] });
  const two = packages.installed(['haproxy', 'socat', 'haproxy']);

  it.each([
    ['everything is installed', two, 'package haproxy installed 2.6\npackage socat installed 1.7\nend\n', []],
    [
      'one is missing',
      two,
      'package haproxy installed 2.6\ncandidate socat 1.7.4\nend\n',
      ['install socat 1.7.4'],
    ],
    [
      'one was removed and left its configuration',
      two,
      'package haproxy config-files 2.6\npackage socat installed 1.7\nend\n',
      ['install haproxy'],
    ],
    [
      'no list knows one',
      two,
      'candidate haproxy (none)\ncandidate socat 1.7.4\nend\n',
      ['install haproxy, socat 1.7.4'],
    ],
    [
      'an installation was interrupted',
      two,
      'package haproxy installed 2.6\npackage socat installed 1.7\ninterrupted\nend\n',
      ['finish the installation of packages that was interrupted'],
    ],
    [
      'a package is unpacked only',
      two,
      'package haproxy unpacked 2.6\npackage socat installed 1.7\nend\n',
      ['install haproxy'],
    ],
    [
      'another package has to go for it',
      chrony,
      'package systemd-timesyncd installed 252\ncandidate chrony 4.3\nend\n',
      ['install chrony 4.3 in place of systemd-timesyncd'],
    ],
    ['the other package is gone', chrony, 'package chrony installed 4.3\nend\n', []],
  ])('where %s', (_what, operation, stdout, expected) => {
    expect(decided(operation, stdout)).toEqual(expected);
  });

  it('names many packages without their versions', () => {
    const names = ['a1', 'b2', 'c3', 'd4', 'e5', 'f6', 'g7'];
    const stdout = `${names.map((name) => `candidate ${name} 1.0\n`).join('')}end\n`;
    expect(decided(packages.installed(names), stdout)).toEqual(['install a1, b2, c3, d4, e5, f6, g7']);
  });

  it('allows only declared packages to be removed', () => {
    const state = {
      installed: new Map([['systemd-timesyncd', '252']]),
      candidates: new Map(),
      interrupted: false,
    };
    expect(chrony.decide(state)[0]?.script).not.toContain('--no-remove');
    expect(two.decide(state)[0]?.script).toContain('--no-remove');
  });

  it('reports a host without dpkg, and a dpkg that does not answer', () => {
    expect(() => decided(two, 'no-dpkg\n')).toThrow('Debian and Ubuntu only');
    expect(() => decided(two, '')).toThrow('dpkg did not answer');
  });

  it('probes and installs with scripts that a POSIX shell accepts', () => {
    const state = { installed: new Map(), candidates: new Map(), interrupted: true };
    const scripts = [two.probe.script, two.decide(state)[0]?.script ?? 'missing('];
    const finish = two.decide({
      ...state,
      installed: new Map([
        ['haproxy', '1'],
        ['socat', '1'],
      ]),
    });
    for (const script of [...scripts, finish[0]?.script ?? 'missing(']) {
      expect(spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('');
    }
  });
});
