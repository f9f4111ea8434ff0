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

describe('packages.upgraded', () => {
  const two = packages.upgraded(['haproxy', 'socat', 'haproxy']);

  it.each([
    [
      'every version is the offered one',
      'package haproxy installed 2.6\npackage socat installed 1.7\ncandidate haproxy 2.6\ncandidate socat 1.7\nend\n',
      [],
    ],
    [
      'one is older',
      'package haproxy installed 2.6\npackage socat installed 1.7\ncandidate haproxy 2.7\ncandidate socat 1.7\nend\n',
      ['upgrade haproxy 2.6 to 2.7'],
    ],
    [
      'both are older',
      'package haproxy installed 2.6\npackage socat installed 1.7\ncandidate haproxy 2.7\ncandidate socat 1.8\nend\n',
      ['upgrade haproxy 2.6 to 2.7, socat 1.7 to 1.8'],
    ],
    [
      'one is not installed: that is for a deployment',
      'package haproxy installed 2.6\ncandidate haproxy 2.6\ncandidate socat 1.8\nend\n',
      [],
    ],
    [
      'no list knows one that is installed',
      'package haproxy installed 2.6\npackage socat installed 1.7\ncandidate haproxy (none)\nend\n',
      [],
    ],
  ])('where %s', (_what, stdout, expected) => {
    expect(decided(two, stdout)).toEqual(expected);
  });

  it('touches the files by which a unit knows that it runs an older version', () => {
    const state = {
      installed: new Map([['haproxy', '1']]),
      candidates: new Map([['haproxy', '2']]),
      interrupted: false,
    };
    expect(two.decide(state)).toMatchObject([
      {
        touches: ['package:haproxy', `file:${packages.installedMark('haproxy')}`, packages.INSTALLED],
        effects: ['restarts'],
      },
    ]);
  });

  it('lets maintainer scripts restart services, removes nothing, and installs nothing new', () => {
    const state = {
      installed: new Map([['haproxy', '1']]),
      candidates: new Map([['haproxy', '2']]),
      interrupted: false,
    };
    const script = two.decide(state)[0]?.script ?? '';
    expect(script).toContain('--only-upgrade');
    expect(script).toContain('--no-remove');
    expect(script).not.toContain('exit 101');
  });

  it('probes, fetches and upgrades with scripts that a POSIX shell accepts', () => {
    const lists = packages.listsFetched();
    const state = {
      installed: new Map([['haproxy', '1']]),
      candidates: new Map([['haproxy', '2']]),
      interrupted: false,
    };
    const scripts = [
      two.probe.script,
      lists.probe.script,
      lists.decide(false)[0]?.script,
      two.decide(state)[0]?.script,
    ];
    for (const script of scripts) {
      expect(spawnSync('sh', ['-n'], { input: script ?? 'missing(', encoding: 'utf8' }).stderr).toBe('');
    }
  });

  it('fetches the package lists unless they are recent', () => {
    const lists = packages.listsFetched();
    const parse = (stdout: string): boolean => lists.probe.parse({ stdout, stderr: '', exitCode: 0 });
    expect(lists.decide(parse('/var/lib/apt/lists/partial\n'))).toEqual([]);
    expect(lists.decide(parse('')).map(({ summary }) => summary)).toEqual(['fetch the package lists']);
  });
});
