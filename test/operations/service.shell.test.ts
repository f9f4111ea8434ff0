import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import * as service from '../../src/operations/service.ts';
import { startScript } from '../../src/operations/service.ts';
import type { Effect, PendingReads, ResourceKey } from '../../src/playbook/operation.ts';
import { parseTimestamp, parseUnitState, type UnitState } from '../../src/operations/unit-state.ts';

const CONF = '/etc/app.conf';

/** A unit that has run since second 1000 of a clock that stands at 2000. */
function unit(differences: Partial<UnitState> = {}): UnitState {
  return {
    active: 'active',
    sub: 'running',
    masked: false,
    isInstalled: true,
    boot: 'enabled',
    startedAt: 1000,
    loadedAt: 1000,
    reloadFailed: false,
    managed: false,
    now: 2000,
    changed: new Map([[CONF, 900]]),
    ...differences,
  };
}

function summaries(operation: ReturnType<typeof service.running>, state: UnitState): readonly string[] {
  return operation.decide(state).map((change) => change.summary);
}

/** What is pending: a resource, and what is done to it. */
function pending(...all: readonly (readonly [ResourceKey, ...Effect[]])[]): PendingReads {
  return new Map(all.map(([key, ...effects]) => [key, effects]));
}

const CONF_CHANGES = pending([`file:${CONF}`]);

describe('service.running, asked before its files change,', () => {
  it.each<[string, service.RunningOptions, Partial<UnitState>, PendingReads, readonly string[] | undefined]>([
    ['restarts a unit that runs', {}, {}, CONF_CHANGES, ['restart app (/etc/app.conf is newer)']],
    [
      'reloads one that takes them so',
      { reload: true },
      {},
      CONF_CHANGES,
      ['reload app (/etc/app.conf is newer)'],
    ],
    [
      'takes a file that is not there yet',
      {},
      { changed: new Map() },
      CONF_CHANGES,
      ['restart app (/etc/app.conf is newer)'],
    ],
    ['starts one that is stopped', {}, { active: 'inactive' }, CONF_CHANGES, ['start app']],
    ['leaves a stopped one to the cluster', { start: false }, { active: 'inactive' }, CONF_CHANGES, []],
    [
      'starts one that an installation brings: Debian enables it, and nothing starts it',
      {},
      { active: 'inactive', boot: 'fixed', isInstalled: false },
      pending(['host:packages'], [`file:${CONF}`]),
      ['start app'],
    ],
    [
      'starts one that the removal of its package has masked, without unmasking it: the installation does',
      {},
      { active: 'inactive', boot: 'fixed', masked: true, isInstalled: false },
      pending(['host:packages']),
      ['start app'],
    ],
    ['is not concerned by the installation of something else', {}, {}, pending(['host:packages']), []],
    [
      'restarts for a file added to a directory that it reads',
      {},
      {},
      pending([`file:${CONF}/`]),
      ['restart app (/etc/app.conf is newer)'],
    ],
    ['starts one that is stopped before', {}, {}, pending(['unit:app', 'stops']), ['start app']],
    ['leaves one that is started before', {}, { active: 'failed' }, pending(['unit:app', 'starts']), []],
    ['takes off no mask that is taken off before', {}, { masked: true }, pending(['unit:app']), []],
    [
      'does not know whether it starts before its file changes or after',
      {},
      {},
      pending(['unit:app', 'starts'], [`file:${CONF}`]),
      undefined,
    ],
  ])('%s', (_what, options, state, changing, expected) => {
    const operation = service.running('app', { newerThan: [CONF], ...options });
    const foreseen = operation.probe.foresee?.(unit(state), changing);
    expect(foreseen && summaries(operation, foreseen)).toEqual(expected);
  });
});

describe('service.running', () => {
  const restarts = service.running('app', { newerThan: [CONF] });
  const reloads = service.running('app', { newerThan: [CONF], reload: true });

  it.each<[string, Partial<UnitState>, readonly string[]]>([
    ['runs on its present files', {}, []],
    ['is not there yet', { active: 'inactive', boot: 'fixed' }, ['start app']],
    ['is stopped and disabled', { active: 'inactive', boot: 'disabled' }, ['start app at boot', 'start app']],
    ['is disabled, but runs', { boot: 'disabled' }, ['start app at boot']],
    ['failed', { active: 'failed' }, ['start app (it failed)']],
    [
      'starts over and over',
      { active: 'activating', sub: 'auto-restart' },
      ['restart app (it is activating, auto-restart)'],
    ],
    [
      'is masked',
      { active: 'inactive', masked: true, boot: 'fixed' },
      ['unmask app', 'start app at boot', 'start app'],
    ],
    [
      'started before its file changed',
      { changed: new Map([[CONF, 1000.2]]) },
      ['restart app (/etc/app.conf is newer)'],
    ],
    [
      'started within the same second, after its file',
      { startedAt: 1000.7, changed: new Map([[CONF, 1000.3]]) },
      [],
    ],
    [
      'started before several files changed',
      {
        changed: new Map([
          ['/a', 1500],
          ['/b', 1500],
        ]),
      },
      ['restart app (2 of its files are newer)'],
    ],
    ['started when the clock was ahead', { startedAt: 5000 }, ['restart app (/etc/app.conf is newer)']],
    ['has no such file', { changed: new Map() }, []],
  ])('a unit that %s', (_what, state, expected) => {
    expect(summaries(restarts, unit(state))).toEqual(expected);
  });

  it.each<[string, Partial<UnitState>, readonly string[]]>([
    ['was reloaded after its file changed', { changed: new Map([[CONF, 1500]]), loadedAt: 1600 }, []],
    [
      'was loaded before its file changed',
      { changed: new Map([[CONF, 1500]]) },
      ['reload app (/etc/app.conf is newer)'],
    ],
    ['refused its last reload', { reloadFailed: true }, ['reload app (its last reload failed)']],
    ['is stopped', { active: 'inactive' }, ['start app']],
  ])('a unit that takes files by reloading and %s', (_what, state, expected) => {
    expect(summaries(reloads, unit(state))).toEqual(expected);
  });

  it('resets the time of a file from the future, so that it restarts once and not on every run', () => {
    const [change] = restarts.decide(unit({ changed: new Map([[CONF, 9000]]) }));
    expect(change?.script).toMatch(/^touch -c -- \/etc\/app\.conf$/m);
    expect(change?.touches).toContain(`file:${CONF}`);
    const [ordinary] = restarts.decide(unit({ changed: new Map([[CONF, 1500]]) }));
    expect(ordinary?.script).not.toContain('touch');
  });

  describe('left to a cluster manager', () => {
    const left = service.running('app', {
      newerThan: [CONF],
      reload: true,
      enabled: false,
      leftTo: 'pacemaker',
    });

    it.each<[string, Partial<UnitState>, readonly string[]]>([
      [
        'starts a stopped unit as long as the manager does not run',
        { active: 'inactive', boot: 'disabled' },
        ['start app'],
      ],
      ['leaves a stopped unit to the manager', { active: 'inactive', boot: 'disabled', managed: true }, []],
      ['leaves a failed unit to the manager', { active: 'failed', boot: 'disabled', managed: true }, []],
      [
        'takes a unit out of the boot, as the manager wants it',
        { managed: true },
        ['do not start app at boot'],
      ],
      [
        'reloads a running unit for newer files',
        { boot: 'disabled', managed: true, changed: new Map([[CONF, 1500]]) },
        ['reload app (/etc/app.conf is newer)'],
      ],
    ])('%s', (_what, state, expected) => {
      expect(summaries(left, unit(state))).toEqual(expected);
    });
  });
});

describe('a unit that a cluster took over', () => {
  const takeover = { unit: 'app', hosts: ['c1'], by: 'pacemaker' };
  const everywhere = service.startup({ ...takeover, runsOn: 'all' });
  const moving = service.running('app', {
    newerThan: [CONF],
    ...service.startup({ ...takeover, runsOn: 'one' }),
  });

  it('is a normal unit where nothing took it over', () => {
    expect(service.startup(undefined)).toEqual({});
  });

  it('runs from the start where it runs on all hosts', () => {
    const operation = service.running('app', everywhere);
    expect(summaries(operation, unit({ active: 'inactive', boot: 'disabled' }))).toEqual(['start app']);
  });

  it.each<[string, Partial<UnitState>, readonly string[]]>([
    ['is never started, whether the cluster runs or not', { active: 'inactive', boot: 'disabled' }, []],
    ['is not mended, whether the cluster runs or not', { active: 'failed', boot: 'disabled' }, []],
    ['is not started at boot', {}, ['do not start app at boot']],
    [
      'is restarted for newer files where it runs',
      { boot: 'disabled', managed: true, changed: new Map([[CONF, 1500]]) },
      ['restart app (/etc/app.conf is newer)'],
    ],
  ])('and runs on one host at a time %s', (_what, state, expected) => {
    expect(summaries(moving, unit(state))).toEqual(expected);
  });

  it('is not started by a restart, should it have moved to another host meanwhile', () => {
    const [change] = moving.decide(unit({ boot: 'disabled', changed: new Map([[CONF, 1500]]) }));
    expect(change?.script).toMatch(/^systemctl -q is-active -- app \|\| exit 0$/m);
    expect(change?.script).toContain('systemctl try-restart -- "$u"');
  });
});

describe('service.disabled, enabled and stopped', () => {
  it.each([
    ['disabled', unit(), ['do not start app at boot']],
    ['disabled', unit({ boot: 'disabled' }), []],
    ['enabled', unit({ boot: 'disabled' }), ['start app at boot']],
    ['enabled', unit({ active: 'inactive' }), []],
    ['stopped', unit(), ['do not start app at boot', 'stop app']],
    ['stopped', unit({ active: 'inactive', boot: 'fixed' }), []],
    ['stopped', unit({ active: 'failed', boot: 'disabled' }), []],
    ['stopped', unit({ active: 'inactive', masked: true, boot: 'fixed' }), []],
  ] as const)('%s, of a unit that is what it is', (name, state, expected) => {
    expect(summaries(service[name]('app.service'), state)).toEqual(expected);
  });
});

describe('the state of a unit in systemd', () => {
  const answer = (stdout: string): UnitState => parseUnitState('app', { stdout, stderr: '', exitCode: 0 });

  it('is understood with the times of files, whose names may hold spaces', () => {
    const state = answer(`LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
ActiveEnterTimestamp=Fri 2026-01-02 10:00:00.250000 UTC
StateChangeTimestamp=Fri 2026-01-02 10:00:01.500000 UTC
ReloadResult=success
now=1767348010.123456789
changed=1767348005.500000 /etc/my app.conf
`);
    expect(state).toMatchObject({
      active: 'active',
      boot: 'enabled',
      startedAt: 1767348000.25,
      loadedAt: 1767348001.5,
      reloadFailed: false,
    });
    expect(state.changed.get('/etc/my app.conf')).toBe(1767348005.5);
  });

  it('is understood of a unit that is not installed', () => {
    const state = answer(
      'LoadState=not-found\nActiveState=inactive\nSubState=dead\nActiveEnterTimestamp=n/a\n',
    );
    expect(state).toMatchObject({ active: 'inactive', masked: false, isInstalled: false, boot: 'fixed' });
    expect(state.startedAt).toBeUndefined();
  });

  it.each([
    ['enabled', 'enabled'],
    ['disabled', 'disabled'],
    ['enabled-runtime', 'disabled'],
    ['static', 'fixed'],
    ['indirect', 'fixed'],
  ])('calls a unit file that is %s: %s', (unitFileState, expected) => {
    expect(answer(`ActiveState=active\nUnitFileState=${unitFileState}\n`).boot).toBe(expected);
  });

  it('uses is-enabled for a unit that was generated from an init script', () => {
    expect(answer('ActiveState=active\nUnitFileState=generated\nUnitFileState=disabled\n').boot).toBe(
      'disabled',
    );
  });

  it('is an error where systemd does not answer', () => {
    expect(() =>
      parseUnitState('app', { stdout: '', stderr: 'Failed to connect to bus', exitCode: 1 }),
    ).toThrow('systemd did not report the state of app: Failed to connect to bus');
  });

  it.each([
    ['Fri 2026-01-02 10:00:00 UTC', 1767348000],
    ['Fri 2026-01-02 10:00:00.000001 UTC', 1767348000.000001],
    ['n/a', undefined],
    ['', undefined],
  ])('dates "%s"', (printed, expected) => {
    expect(parseTimestamp(printed)).toBe(expected);
  });
});

it('a start is preceded by a reload of unit files, whatever systemd reports about the need', () => {
  const systemctl = `systemctl() {
  echo "$*" >&3
  case "$*" in
    'show -p NeedDaemonReload'*) echo no ;;
    'show -p Type'*) echo notify ;;
    is-active*) echo active ;;
  esac
}`;
  const { status, stdout } = spawnSync(
    'sh',
    ['-c', `exec 3>&1 >/dev/null\n${systemctl}\n${startScript('chrony', 'restart', [])}`],
    { encoding: 'utf8' },
  );
  expect(status).toBe(0);
  const calls = stdout.split('\n').map((call) => call.split(' ')[0]);
  expect(calls.indexOf('daemon-reload')).toBeLessThan(calls.indexOf('restart'));
  expect(calls).toContain('daemon-reload');
});

describe('service.renewed', () => {
  const MARK = '/var/lib/dpkg/info/app.list';
  const renewed = service.renewed('app.service', [MARK]);

  it.each<[string, Partial<UnitState>, readonly string[]]>([
    ['runs what is installed', { startedAt: 1950, changed: new Map([[MARK, 1940]]) }, []],
    [
      'was started before its package was installed',
      { startedAt: 1950, changed: new Map([[MARK, 1960]]) },
      ['restart app (a package is newer)'],
    ],
    [
      'is stopped: it may run on another host',
      { active: 'inactive', startedAt: 1950, changed: new Map([[MARK, 1960]]) },
      [],
    ],
  ])('a unit that %s', (_what, state, expected) => {
    expect(renewed.decide(unit(state)).map(({ summary }) => summary)).toEqual(expected);
  });
});

describe('service.restarted', () => {
  const restarted = service.restarted('app.service', () => 60);

  it.each<[string, Partial<UnitState>, readonly string[]]>([
    ['has run for long', {}, ['restart app']],
    ['was started within the time', { startedAt: 1950 }, []],
    ['was started exactly that long ago', { startedAt: 1940 }, []],
    ['was started just before', { startedAt: 1939.9 }, ['restart app']],
    ['was reloaded within the time: that is no restart', { loadedAt: 1990 }, ['restart app']],
    ['has an unknown start', { startedAt: undefined } as never, ['restart app']],
    ['is stopped: it may run on another host', { active: 'inactive' }, []],
    ['failed: a restart does not repair', { active: 'failed' }, []],
    ['is about to start', { active: 'activating' }, []],
    ['is not installed', { active: 'inactive', isInstalled: false }, []],
    ['is disabled and runs', { boot: 'disabled' }, ['restart app']],
  ])('a unit that %s', (_what, state, expected) => {
    expect(restarted.decide(unit(state)).map(({ summary }) => summary)).toEqual(expected);
  });

  it('asks for the age at each decision, so that its own restart counts as done', () => {
    let age = 0;
    const operation = service.restarted('app', () => age);
    expect(operation.decide(unit({ startedAt: 1995 }))).toHaveLength(1);
    age = 10;
    expect(operation.decide(unit({ startedAt: 1995 }))).toEqual([]);
  });

  it('restarts by the script that waits until the unit is active, one host at a time', () => {
    const [change] = restarted.decide(unit());
    expect(change).toMatchObject({
      script: startScript('app.service', 'restart', []),
      touches: ['unit:app'],
      effects: ['restarts'],
    });
    expect(restarted.effects).toEqual(['restarts']);
  });
});
