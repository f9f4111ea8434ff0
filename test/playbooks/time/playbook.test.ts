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
  it('makes a time host follow the external servers and its peers, and serve all hosts', () => {
    const context = contextOf(time, { inventory, settings: { servers: ['ntp.example.net'] } });
    const conf = placedFile(time, context, 'controller1', CONF);
    expect(conf).toContain('server ntp.example.net iburst\nserver 192.0.2.12 iburst');
    expect(conf).toContain('local stratum 10 orphan\nallow 192.0.2.12\nallow 192.0.2.31\n');
  });

  it('makes any other host follow only the time hosts, and serve none', () => {
    const context = contextOf(time, { inventory, settings: { servers: ['ntp.example.net'] } });
    const conf = placedFile(time, context, 'compute1', CONF);
    expect(conf).toContain('server 192.0.2.11 iburst');
    expect(conf).toContain('server 192.0.2.12 iburst');
    expect(conf).not.toMatch(/ntp\.example\.net|^allow|^local/m);
  });

  it.each<[string, Record<string, unknown>, RegExp, RegExp]>([
    ["Debian's pool without configured servers", {}, /^pool 2\.debian\.pool\.ntp\.org iburst$/m, /example/],
    ['the configured servers, and no pool', { servers: ['ntp.example.net'] }, /ntp\.example\.net/, /^pool/m],
    ['only its peers in an isolated deployment', { isolated: true }, /192\.0\.2\.12/, /^pool/m],
  ])('makes a time host follow %s', (_, settings, expected, absent) => {
    const conf = placedFile(time, contextOf(time, { inventory, settings }), 'controller1', CONF);
    expect(conf).toMatch(expected);
    expect(conf).not.toMatch(absent);
  });

  it('makes every host follow the pool when no host has the role time', () => {
    const alone = anInventory({ hosts: [compute] });
    const conf = placedFile(time, contextOf(time, { inventory: alone }), 'compute1', CONF);
    expect(conf).toMatch(/^pool 2\.debian\.pool\.ntp\.org iburst$/m);
  });

  it.each<[string, readonly Host[], Record<string, unknown>, RegExp | undefined]>([
    [
      'has time servers',
      inventory.hosts,
      { servers: ['ntp.example.net'] },
      /cannot use external time servers/,
    ],
    ['has no host with the role time', [compute], {}, /no host has the role time/],
    ['has a host with the role time', inventory.hosts, {}, undefined],
  ])('validates an isolated deployment that %s', (_, hosts, more, expected) => {
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

  it('refuses a server that would inject a line into the configuration', () => {
    expect(time.settings.safeParse({ servers: ['a iburst\nallow all'] }).success).toBe(false);
  });
});

describe('the clock check', () => {
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
      'a host that follows its own clock instead of the pool',
      'controller1',
      leads,
      {},
      [false, 'leads with its own clock, stratum 10'],
    ],
    [
      'a host without the role time that follows its own clock',
      'compute1',
      leads,
      isolated,
      [false, 'leads with its own clock, stratum 10'],
    ],
    [
      'a leader whose external servers do not respond',
      'controller1',
      leads,
      { servers: ['ntp.example.net'] },
      [false, 'leads with its own clock, stratum 10'],
    ],
    [
      'a host whose offset is too large',
      'controller2',
      follows('0.25'),
      {},
      [false, 'follows controller1, 250.0 ms off, stratum 11'],
    ],
    ['a host without a time source', 'controller2', lost, {}, [false, 'not synchronised']],
    ['a host without chrony', 'controller2', 'down\n', {}, [false, 'chrony is not running']],
  ])('%s', (_what, host, output, said, expected) => {
    expect(judged(host, output, said)).toEqual(expected);
  });

  it('names the unresponsive time servers of a host that follows its own clock, and the setting for none', () => {
    const answers = new Map([['controller1', { reachable: true, observed: parseTracking(leads) } as const]]);
    const hint = (said: Said): string | undefined => clocks(inventory.hosts, said).judge(answers)[0]?.hint;
    expect(hint({})).toContain(`(${POOL})`);
    expect(hint({})).toContain('time: { isolated: true }');
    expect(hint({ servers: ['ntp.example.net'] })).toContain('(ntp.example.net)');
  });

  it('is unhealthy while two hosts lead with their own clocks', () => {
    const check = clocks(inventory.hosts, isolated);
    const answers = new Map(
      ['controller1', 'controller2'].map((host) => [
        host,
        { reachable: true, observed: parseTracking(leads) } as const,
      ]),
    );
    expect(check.judge(answers).map(({ healthy, evidence }) => [healthy, evidence])).toEqual([
      [false, 'leads with its own clock, stratum 10; so does controller2'],
      [false, 'leads with its own clock, stratum 10; so does controller1'],
    ]);
  });

  it('reports why a host could not be queried', () => {
    const check = clocks([]);
    const answers = new Map<string, Answer<Tracking | undefined>>([
      ['controller1', { reachable: false, reason: 'no route' }],
    ]);
    expect(check.judge(answers)).toMatchObject([
      { healthy: false, host: 'controller1', evidence: 'no route' },
    ]);
  });

  it('throws on unexpected output', () => {
    expect(() => parseTracking('506 Cannot talk to daemon\n')).toThrow('506 Cannot talk to daemon');
  });
});
