import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as hostname from '../../src/operations/hostname.ts';
import * as kernelModules from '../../src/operations/kernel-modules.ts';
import * as repository from '../../src/operations/repository.ts';
import * as sysctl from '../../src/operations/sysctl.ts';
import * as timezone from '../../src/operations/timezone.ts';
import { platformOf } from '../../src/platform/index.ts';
import type { Operation } from '../../src/playbook/operation.ts';
import { apply, pending } from './local.ts';

/** What an operation would do where its probe prints this. */
function decided<Observed>(operation: Operation<Observed>, stdout: string): readonly string[] {
  const observed = operation.probe.parse({ stdout, stderr: '', exitCode: 0 });
  return operation.decide(observed).map((change) => change.summary);
}

describe('sysctl.values', () => {
  const FILE = '/etc/sysctl.d/60-osha-test.conf';
  const FORWARD = '/proc/sys/net/ipv4/ip_forward';
  const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
  const operation = sysctl.values('test', {
    'net.ipv4.ip_forward': 1,
    'net.ipv4.ip_local_port_range': '2000 61000',
  });
  const present = 'file root root 644 10\nsame\n';

  it.each([
    ['it is all so', `${present}\n-- live\n${FORWARD}:1\n${RANGE}:2000\t61000\n`, []],
    [
      'the file exists, but the kernel has another value',
      `${present}\n-- live\n${FORWARD}:0\n${RANGE}:2000\t61000\n`,
      ['set net.ipv4.ip_forward to 1 (it is 0)'],
    ],
    [
      'only the file is missing',
      `missing\n\n-- live\n${FORWARD}:1\n${RANGE}:2000\t61000\n`,
      [`create ${FILE}`],
    ],
    [
      'the kernel has no such setting',
      `${present}\n-- live\n${RANGE}:2000\t61000\n`,
      ['set net.ipv4.ip_forward to 1 (the kernel has no such setting yet)'],
    ],
  ])('where %s', (_what, stdout, expected) => {
    expect(decided(operation, stdout)).toEqual(expected);
  });

  it('probes the kernel of this machine, and names a setting that it lacks', () => {
    const here = sysctl.values('osha-test-that-is-nowhere', {
      // The kernel ends this file for whoever reads it byte by byte.
      'net.ipv4.ip_forward': readFileSync(FORWARD, 'utf8').trim(),
      'kernel.ostype': 'Linux',
      'net.osha.nothing': 1,
    });
    const changes = pending(here);
    expect(changes.map((change) => change.summary)).toEqual([
      'create /etc/sysctl.d/60-osha-osha-test-that-is-nowhere.conf',
      'set net.osha.nothing to 1 (the kernel has no such setting yet)',
    ]);
    const refused = apply(changes[1]!);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('this kernel has no setting net.osha.nothing');
  });

  it('waits for the module that provides the bridge settings', () => {
    const bridges = sysctl.values('bridges', { 'net.bridge.bridge-nf-call-iptables': 1 });
    const module = kernelModules.loaded('bridges', ['br_netfilter']);
    expect(bridges.probe.reads).toContain('kernel:br_netfilter');
    expect(
      module.decide({ file: { kind: 'missing', parent: true }, missing: ['br_netfilter'] })[1]?.touches,
    ).toEqual(['kernel:br_netfilter']);
  });
});

describe('kernelModules.loaded', () => {
  it('loads missing modules now, and lists all for the next boot', () => {
    const operation = kernelModules.loaded('test', ['tun', 'br_netfilter']);
    expect(decided(operation, 'missing\n\n-- missing\nbr_netfilter\n')).toEqual([
      'create /etc/modules-load.d/60-osha-test.conf',
      'load the kernel module br_netfilter',
    ]);
    expect(decided(operation, 'file root root 644 10\nsame\n\n-- missing\n')).toEqual([]);
  });

  it('finds on this machine that a module of an invented name is missing', () => {
    const changes = pending(kernelModules.loaded('osha-test-that-is-nowhere', ['osha_nothing']));
    expect(changes.map((change) => change.summary)).toContain('load the kernel module osha_nothing');
  });

  it('counts a module as loaded where its function exists, as in a kernel with the module built in', () => {
    const built = { name: 'osha_nothing', gives: '/proc/self' };
    const changes = pending(kernelModules.loaded('osha-test-that-is-nowhere', [built]));
    expect(changes.map((change) => change.summary)).not.toContain('load the kernel module osha_nothing');
  });
});

describe('timezone.is', () => {
  it.each([
    ['the zone is set', 'localtime /usr/share/zoneinfo/Etc/UTC\nname Etc/UTC\n', []],
    ['there is no /etc/timezone to agree', 'localtime ../usr/share/zoneinfo/Etc/UTC\nname \n', []],
    [
      'it is another',
      'localtime /usr/share/zoneinfo/Europe/Zurich\nname Europe/Zurich\n',
      ['set the time zone to Etc/UTC (it is Europe/Zurich)'],
    ],
    ['nothing is set', 'localtime \nname \n', ['set the time zone to Etc/UTC (it is not set)']],
    [
      'both files disagree',
      'localtime /usr/share/zoneinfo/Etc/UTC\nname Europe/Zurich\n',
      ['set the time zone to Etc/UTC (/etc/timezone says Europe/Zurich)'],
    ],
  ])('where %s', (_what, stdout, expected) => {
    expect(decided(timezone.is('Etc/UTC'), stdout)).toEqual(expected);
  });

  it('fails for an unknown zone and changes nothing on the host', () => {
    const [change] = timezone.is('Mars/Olympus').decide({});
    const result = apply(change!);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('there is no time zone Mars/Olympus');
  });
});

describe('hostname.is', () => {
  it.each([
    ['it is so', 'now controller1\nboot controller1\n', []],
    ['it is another', 'now debian\nboot debian\n', ['set the host name to controller1 (it is debian)']],
    [
      'it would be lost with the next boot',
      'now controller1\nboot debian\n',
      ['set the host name to controller1 (it is debian after the next boot)'],
    ],
    [
      'no file names it',
      'now controller1\nboot \n',
      ['set the host name to controller1 (it is nothing after the next boot)'],
    ],
  ])('where %s', (_what, stdout, expected) => {
    expect(decided(hostname.is('controller1'), stdout)).toEqual(expected);
  });
});

describe('repository', () => {
  const debian = platformOf('debian-12');
  const placed = (key?: string, suite = 'bookworm'): string => {
    const options = {
      name: 'extra',
      uri: 'https://packages.example/debian',
      suite,
      components: ['main', 'extra'],
    };
    return String(
      repository.apt({ ...options, ...(key === undefined ? {} : { key }) }, debian).places?.content,
    );
  };

  it('writes a source with its key in the same file, empty lines in the form that apt requires', () => {
    expect(placed('-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc=\n-----END PGP PUBLIC KEY BLOCK-----\n')).toBe(
      `# Placed by osha.
Types: deb
URIs: https://packages.example/debian
Suites: bookworm
Components: main extra
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc=
 -----END PGP PUBLIC KEY BLOCK-----
`,
    );
  });

  it('leaves out components where the suite is a path', () => {
    expect(placed(undefined, './')).not.toContain('Components');
  });

  it('removes the proxy where none is configured any more', () => {
    expect(repository.proxy('http://10.0.0.1:3142', debian).places?.content).toContain(
      'Acquire::http::Proxy "http://10.0.0.1:3142";',
    );
    expect(decided(repository.proxy(undefined, debian), 'file root root 644 10\n')).toEqual([
      `remove ${debian.paths.aptProxy}`,
    ]);
  });
});
