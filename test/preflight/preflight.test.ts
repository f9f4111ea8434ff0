import { describe, expect, it } from 'vitest';
import type { Answer, Finding } from '../../src/playbook/operation.ts';
import type { HostFacts } from '../../src/preflight/facts.ts';
import { factsProbe } from '../../src/preflight/facts.ts';
import { fitness, preflight } from '../../src/preflight/preflight.ts';
import { platformOf } from '../../src/platform/index.ts';
import { aHost, anInventory } from '../support/inventory.ts';

const GIB = 1024 ** 3;

function facts(overrides: Partial<HostFacts> = {}): HostFacts {
  return {
    uid: 0,
    osId: 'debian',
    osVersion: '12',
    osTitle: 'Debian GNU/Linux 12 (bookworm)',
    init: 'systemd',
    epochSeconds: 1_000_000,
    memoryBytes: 8 * GIB,
    freeBytes: { '/': 20 * GIB },
    addresses: [{ interface: 'eth0', address: '192.0.2.11', prefixLength: 24 }],
    mtu: { eth0: 1500 },
    listening: [],
    names: {},
    answering: [],
    ...overrides,
  };
}

/** The unhealthy findings if controller2 has `overrides` and all other hosts are fit. */
function complaints(overrides: Partial<HostFacts>): readonly Finding[] {
  const inventory = anInventory();
  const answers = new Map(
    inventory.hosts.map((host): [string, Answer<HostFacts>] => [
      host.name,
      {
        reachable: true,
        observed: facts({
          addresses: [{ interface: 'eth0', address: host.address, prefixLength: 24 }],
          ...(host.name === 'controller2' ? overrides : {}),
        }),
      },
    ]),
  );
  const wanted = inventory.hosts.map((host) => ({ host: host.name, port: 3306, process: 'mariadbd' }));
  return preflight(inventory, platformOf('debian-12'), wanted)
    .judge(answers)
    .filter((finding) => !finding.healthy);
}

describe('the preflight check', () => {
  it('finds nothing on fit hosts', () => {
    expect(complaints({})).toEqual([]);
  });

  const own = { interface: 'eth0', address: '192.0.2.12', prefixLength: 24 };
  it.each<[string, Partial<HostFacts>, string, RegExp]>([
    ['a login that is not root', { uid: 1000 }, 'root', /uid 1000/],
    ['another operating system', { osVersion: '13', osTitle: 'Debian 13' }, 'operating system', /Debian 13/],
    ['a host without systemd', { init: 'bash' }, 'init system', /bash/],
    ['a full disk', { freeBytes: { '/': 9 * GIB, '/var': GIB / 4 } }, 'free disk', /0\.3 GiB on \/var/],
    ['too little memory', { memoryBytes: GIB / 2 }, 'memory', /0\.5 GiB/],
    [
      'a port that something else holds',
      { listening: [{ port: 3306, address: '0.0.0.0', process: 'mysqld-old' }] },
      'ports',
      /3306 by mysqld-old/,
    ],
    ['a name that points elsewhere', { names: { controller1: '198.51.100.1' } }, 'names', /198\.51\.100\.1/],
    ['a clock that is wrong', { epochSeconds: 1_000_060 }, 'clocks', /60\.0 s/],
    ['a virtual IP in use by another machine', { answering: ['192.0.2.20'] }, 'virtual IP api', /no host/],
    ['a missing interface', { mtu: { ens3: 1500 } }, 'interface of virtual IP api', /no interface eth0/],
    ['a different MTU', { mtu: { eth0: 9000 } }, 'MTU in 192.0.2.0/24', /controller2 9000/],
  ])('finds %s', (_, overrides, subject, evidence) => {
    const found = complaints(overrides).find((finding) => finding.subject === subject);
    expect(found?.evidence).toMatch(evidence);
    expect(found?.hint).toBeTruthy();
  });

  it.each<[string, Partial<HostFacts>]>([
    [
      'a port that is already held by the system itself',
      { listening: [{ port: 3306, address: '192.0.2.12', process: 'mariadbd' }] },
    ],
    [
      'a virtual IP that one of the hosts holds',
      { addresses: [own, { ...own, address: '192.0.2.20' }], answering: ['192.0.2.20'] },
    ],
    ['a name that resolves to loopback on its own host', { names: { controller2: '127.0.1.1' } }],
  ])('accepts %s', (_, overrides) => {
    expect(complaints(overrides)).toEqual([]);
  });

  it('names two hosts that hold the same virtual IP', () => {
    const vip = { ...own, address: '192.0.2.20' };
    const inventory = anInventory();
    const answers = new Map(
      inventory.hosts.map((host): [string, Answer<HostFacts>] => [
        host.name,
        { reachable: true, observed: facts({ addresses: host.name === 'controller3' ? [own] : [own, vip] }) },
      ]),
    );
    const finding = preflight(inventory, platformOf('debian-12'), [])
      .judge(answers)
      .find(({ subject }) => subject === 'virtual IP api');
    expect(finding).toMatchObject({
      healthy: false,
      evidence: expect.stringContaining('controller1 and controller2') as string,
    });
  });
});

describe('a deployment with several networks', () => {
  const [first = aHost('controller1'), ...others] = anInventory().hosts;
  const edge = { ...first, networks: { external: '198.51.100.11' } };
  const second = aHost('edge2', {
    address: '192.0.2.42',
    networks: { external: '198.51.100.12' },
    roles: ['network'],
  });
  const vip = {
    name: 'public',
    address: '198.51.100.20',
    prefixLength: 24,
    interface: 'eth1',
    by: 'keepalived' as const,
    haproxy: false,
    holders: [edge.name, second.name],
  };
  const inventory = anInventory({ hosts: [edge, ...others, second], vips: [vip] });

  function findings(mtu: Readonly<Record<string, Readonly<Record<string, number>>>>): readonly Finding[] {
    const answers = new Map(
      inventory.hosts.map((host): [string, Answer<HostFacts>] => {
        const { external } = host.networks;
        const addresses = [
          { interface: 'eth0@if7', address: host.address, prefixLength: 24 },
          ...(external === undefined ? [] : [{ interface: 'eth1', address: external, prefixLength: 24 }]),
        ];
        return [
          host.name,
          { reachable: true, observed: facts({ addresses, mtu: mtu[host.name] ?? { eth0: 1500 } }) },
        ];
      }),
    );
    return preflight(inventory, platformOf('debian-12'), []).judge(answers);
  }
  const bad = (all: readonly Finding[]): readonly string[] =>
    all
      .filter(({ healthy }) => !healthy)
      .map(({ host, subject, evidence }) => [host, subject, evidence].filter(Boolean).join(': '));
  const jumbo = { eth0: 1500, eth1: 9000 };

  it('may have a different MTU in each', () => {
    const all = findings({ controller1: jumbo, edge2: jumbo });
    expect(bad(all)).toEqual([]);
    expect(
      all
        .filter(({ subject }) => subject.startsWith('MTU'))
        .map(({ subject, evidence }) => [subject, evidence]),
    ).toEqual([
      ['MTU in 192.0.2.0/24', '1500 on all hosts'],
      ['MTU in 198.51.100.0/24', '9000 on all hosts'],
    ]);
  });

  it('must have the same MTU within each', () => {
    expect(bad(findings({ controller1: jumbo, edge2: { eth0: 1500, eth1: 1500 } }))).toEqual([
      'MTU in 198.51.100.0/24: controller1 9000, edge2 1500',
    ]);
  });

  it('must have the interface of a virtual IP on its holders, and not on other load balancers', () => {
    expect(bad(findings({ controller1: jumbo, edge2: { eth0: 1500 } }))).toEqual([
      'edge2: interface of virtual IP public: no interface eth1',
    ]);
  });
});

describe('a host that does not answer', () => {
  const inventory = anInventory();
  const silent = new Map(
    inventory.hosts.map((host): [string, Answer<HostFacts>] => [
      host.name,
      host.name === 'controller2'
        ? { reachable: false, reason: 'it did not end within 120 s' }
        : {
            reachable: true,
            observed: facts({
              addresses: [{ interface: 'eth0', address: host.address, prefixLength: 24 }],
            }),
          },
    ]),
  );
  const platform = platformOf('debian-12');

  it.each([
    ['the check', preflight(inventory, platform, [])],
    ['the gate of a deployment', fitness(inventory.hosts, platform)],
  ])('is unhealthy for %s, with its reason', (_, check) => {
    expect(check.judge(silent).filter((finding) => !finding.healthy)).toEqual([
      {
        host: 'controller2',
        subject: 'answer',
        healthy: false,
        evidence: 'no answer: it did not end within 120 s',
        hint: 'check that it can run commands: osha exec INVENTORY --on controller2 -- uptime',
      },
    ]);
  });

  it('qualifies the statement that a virtual IP is free', () => {
    const vip = preflight(inventory, platform, [])
      .judge(silent)
      .find(({ subject }) => subject === 'virtual IP api');
    expect(vip?.evidence).toBe('192.0.2.20 is free, according to the hosts that answered');
  });
});

describe('the facts of a host', () => {
  it('are parsed from the output of the probe', () => {
    const stdout = [
      'uid 0',
      'os debian 12 Debian GNU/Linux 12 (bookworm)',
      'init systemd',
      'epoch 1700000000.5',
      'memory 8388608',
      'room /var 1048576',
      'address eth0 192.0.2.11/24',
      'mtu eth0 1500',
      'mtu bonding_masters ',
      'listen 192.0.2.11:3306 users:(("mariadbd",pid=1,fd=2))',
      'listen [::]:22 ',
      'name controller1 192.0.2.11',
      'answers 192.0.2.20',
    ].join('\n');
    const parsed = factsProbe([], []).parse({ stdout, stderr: '', exitCode: 0 });
    expect(parsed).toMatchObject({
      osTitle: 'Debian GNU/Linux 12 (bookworm)',
      memoryBytes: 8 * GIB,
      freeBytes: { '/var': GIB },
      listening: [
        { port: 3306, address: '192.0.2.11', process: 'mariadbd' },
        { port: 22, address: '[::]', process: '' },
      ],
      names: { controller1: '192.0.2.11' },
    });
  });

  const whole = 'uid 0\nos debian 12 D\ninit systemd\nepoch 1.5\nmemory 8\nroom / 4\n';
  it.each([
    ['is a greeting', 'Welcome!\n', /no os/],
    ['has no number for a user', whole.replace('uid 0', 'uid '), /uid "" is not a number/],
    ['has no free disk space', whole.replace('room / 4', 'room / -'), /free disk space/],
    ['ends too early', whole.replace('memory 8\n', ''), /no memory/],
  ])('are rejected if the output %s', (_, stdout, words) => {
    expect(() => factsProbe([], []).parse({ stdout, stderr: '', exitCode: 0 })).toThrow(words);
  });
});
