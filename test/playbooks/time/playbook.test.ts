import { describe, expect, it } from 'vitest';
import time from '../../../playbooks/time/playbook.ts';
import { clocksAgree, parseTracking, type Tracking } from '../../../playbooks/time/health.ts';
import type { TimeSettings } from '../../../playbooks/time/settings.ts';
import type { Host } from '../../../src/inventory/types.ts';
import type { Answer, HealthCheck } from '../../../src/playbook/operation.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { contextOf, placedFile } from '../context.ts';

const CONF = '/etc/chrony/chrony.conf';
const DROP_IN = '/etc/systemd/system/chrony.service.d/60-osha.conf';

const compute = aHost('compute1', { roles: ['compute'], controller: false, address: '192.0.2.31' });
const inventory = anInventory({ hosts: [aHost('controller1'), aHost('controller2'), compute] });

describe('the time playbook', () => {
  it('lets a time host follow outside servers and its peers, and serve everybody', () => {
    const context = contextOf(time, { inventory, settings: { servers: ['ntp.example.net'] } });
    const conf = placedFile(time, context, 'controller1', CONF);
    expect(conf).toContain('server ntp.example.net iburst\nserver 192.0.2.12 iburst');
    expect(conf).toContain('local stratum 10 orphan\nallow 192.0.2.12\nallow 192.0.2.31\n');
  });

  it('lets any other host follow the time hosts alone, and serve nobody', () => {
    const context = contextOf(time, { inventory, settings: { servers: ['ntp.example.net'] } });
    const conf = placedFile(time, context, 'compute1', CONF);
    expect(conf).toContain('server 192.0.2.11 iburst');
    expect(conf).toContain('server 192.0.2.12 iburst');
    expect(conf).not.toMatch(/ntp\.example\.net|^allow|^local/m);
  });

  it.each<[string, Record<string, unknown>, RegExp, RegExp]>([
    ["Debian's pool where no server is named", {}, /^pool 2\.debian\.pool\.ntp\.org iburst$/m, /example/],
    [
      'the servers that are named, and no pool',
      { servers: ['ntp.example.net'] },
      /ntp\.example\.net/,
      /^pool/m,
    ],
    ['its peers alone where the deployment is isolated', { isolated: true }, /192\.0\.2\.12/, /^pool/m],
  ])('lets a time host follow %s', (_, settings, expected, absent) => {
    const conf = placedFile(time, contextOf(time, { inventory, settings }), 'controller1', CONF);
    expect(conf).toMatch(expected);
    expect(conf).not.toMatch(absent);
  });

  it('lets every host follow the pool where no host has the role time', () => {
    const alone = anInventory({ hosts: [compute] });
    const conf = placedFile(time, contextOf(time, { inventory: alone }), 'compute1', CONF);
    expect(conf).toMatch(/^pool 2\.debian\.pool\.ntp\.org iburst$/m);
  });

  it.each<[string, readonly Host[], Record<string, unknown>, RegExp | undefined]>([
    ['names time servers', inventory.hosts, { servers: ['ntp.example.net'] }, /isolated from them/],
    ['has no host with the role time', [compute], {}, /no host has the role time/],
    ['has a host with the role time', inventory.hosts, {}, undefined],
  ])('is told about an isolated deployment that %s', (_, hosts, more, expected) => {
    const settings: unknown = time.settings.parse({ isolated: true, ...more });
    const [problem] = time.validate?.(anInventory({ hosts }), settings) ?? [];
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem?.message).toMatch(expected);
  });

  it.each([
    ['auto', /systemd-detect-virt --quiet --container/],
    ['never', /chronyd \$DAEMON_OPTS -x$/m],
    ['always', /^# chrony sets the clock/m],
  ])('controls the clock %s', (control_clock, expected) => {
    const context = contextOf(time, { inventory, settings: { control_clock } });
    expect(placedFile(time, context, 'compute1', DROP_IN)).toMatch(expected);
  });

  it('refuses a server that would be more than one word of the configuration', () => {
    expect(time.settings.safeParse({ servers: ['a iburst\nallow all'] }).success).toBe(false);
  });
});

describe('the health of the clocks', () => {
  const follows = (offset: string): string =>
    `C000020B,192.0.2.11,11,1767348000.123,${offset},0.000001,0.000002,-5.1,0.0,0.01,0.0002,0.0003,64.2,Normal\n`;
  const leads = '7F7F0101,127.127.1.1,10,1767348000.1,0.000000000,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,Normal\n';
  const lost = '00000000,,0,0.000000000,0.000000000,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised\n';

  const POOL = 'pool.example.net';
  type Said = Partial<TimeSettings>;
  const clocks = (timeHosts: readonly Host[], said: Said = {}): HealthCheck<Tracking | undefined> =>
    clocksAgree(
      inventory.hosts,
      timeHosts,
      { servers: [], isolated: false, max_offset_ms: 100, ...said },
      POOL,
    );
  const isolated: Said = { isolated: true };

  const judged = (host: string, output: string, said: Said) => {
    const check = clocks(inventory.hosts.slice(0, 2), said);
    const answers = new Map([[host, { reachable: true, observed: parseTracking(output) } as const]]);
    const [finding] = check.judge(answers);
    return [finding?.healthy, finding?.evidence];
  };

  it.each<[string, string, string, Said, readonly [boolean, string]]>([
    [
      'a host that follows another',
      'controller2',
      follows('-0.000012'),
      {},
      [true, 'follows controller1, 12 µs off, stratum 11'],
    ],
    [
      'the host that leads an isolated deployment',
      'controller1',
      leads,
      isolated,
      [true, 'leads with its own clock, stratum 10'],
    ],
    [
      'a host that follows only itself, though the pool should be followed',
      'controller1',
      leads,
      {},
      [false, 'leads with its own clock, stratum 10'],
    ],
    [
      'a host that leads though it should follow',
      'compute1',
      leads,
      isolated,
      [false, 'leads with its own clock, stratum 10'],
    ],
    [
      'a leader whose outside servers are gone',
      'controller1',
      leads,
      { servers: ['ntp.example.net'] },
      [false, 'leads with its own clock, stratum 10'],
    ],
    [
      'a host that is too far off',
      'controller2',
      follows('0.25'),
      {},
      [false, 'follows controller1, 250.0 ms off, stratum 11'],
    ],
    ['a host without a source', 'controller2', lost, {}, [false, 'not synchronised']],
    ['a host without chrony', 'controller2', 'down\n', {}, [false, 'chrony does not run']],
  ])('%s', (_what, host, output, said, expected) => {
    expect(judged(host, output, said)).toEqual(expected);
  });

  it('says which time servers did not answer a host that follows only itself, and what to write without any', () => {
    const answers = new Map([['controller1', { reachable: true, observed: parseTracking(leads) } as const]]);
    const hint = (said: Said): string | undefined => clocks(inventory.hosts, said).judge(answers)[0]?.hint;
    expect(hint({})).toContain(`(${POOL})`);
    expect(hint({})).toContain('time: { isolated: true }');
    expect(hint({ servers: ['ntp.example.net'] })).toContain('(ntp.example.net)');
  });

  it('is not well while two hosts lead, each with its own clock', () => {
    const check = clocks(inventory.hosts, isolated);
    const answers = new Map(
      ['controller1', 'controller2'].map((host) => [
        host,
        { reachable: true, observed: parseTracking(leads) } as const,
      ]),
    );
    expect(check.judge(answers).map(({ healthy, evidence }) => [healthy, evidence])).toEqual([
      [false, 'leads with its own clock, stratum 10, as controller2 does'],
      [false, 'leads with its own clock, stratum 10, as controller1 does'],
    ]);
  });

  it('carries the reason why a host could not be asked', () => {
    const check = clocks([]);
    const answers = new Map<string, Answer<Tracking | undefined>>([
      ['controller1', { reachable: false, reason: 'no route' }],
    ]);
    expect(check.judge(answers)).toMatchObject([
      { healthy: false, host: 'controller1', evidence: 'no route' },
    ]);
  });

  it('is not guessed at from an answer of another shape', () => {
    expect(() => parseTracking('506 Cannot talk to daemon\n')).toThrow('506 Cannot talk to daemon');
  });
});
