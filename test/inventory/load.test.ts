import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkInventory, type LoadedInventory } from '../../src/inventory/load.ts';
import { formatProblem } from '../../src/inventory/problem.ts';
import { GOOD } from './good.ts';
import { options } from './sections.ts';

const load = (text: string): LoadedInventory => checkInventory('/site/inventory.yaml', text, options);
const told = (loaded: LoadedInventory): readonly string[] => loaded.problems.map(formatProblem);

const THREE = `name: prod
hosts:
  controller1: { address: 10.0.0.11, roles: [controller] }
  controller2: { address: 10.0.0.12, roles: [controller] }
  controller3: { address: 10.0.0.13, roles: [controller] }
`;

describe('a good inventory', () => {
  const { inventory, problems } = load(GOOD);

  it('has no problems', () => {
    expect(problems).toEqual([]);
  });

  it('gives the hosts in the order of the file, their roles expanded and in one order', () => {
    const base = ['database', 'messaging', 'cache', 'coordination', 'control', 'dashboard', 'loadbalancer'];
    expect(inventory?.hosts.map((host) => [host.name, host.controller, host.roles])).toEqual([
      ['controller1', true, base],
      ['controller2', true, [...base, 'time']],
      ['controller3', true, base],
      ['storage1', false, ['compute', 'storage']],
    ]);
  });

  it("gives each host's login: its own, then that of all", () => {
    const knownHosts = [join(homedir(), '.ssh/known_hosts')];
    expect(inventory?.hosts[0]?.ssh).toEqual({
      user: 'deploy',
      port: 2222,
      sudo: true,
      knownHosts,
      jump: [{ address: 'bastion.example.net', user: 'ops', port: 22 }],
    });
    expect(inventory?.hosts[3]?.ssh).toEqual({ user: 'root', port: 2222, sudo: true, knownHosts, jump: [] });
  });

  it('lists VIPs with their network and manager', () => {
    const holders = ['controller1', 'controller2', 'controller3'];
    const held = { prefixLength: 24, interface: 'eth0', haproxy: true, holders };
    expect(inventory?.vips).toEqual([
      { name: 'api', address: '10.0.0.20', by: 'keepalived', ...held },
      { name: 'database', address: '10.0.0.21', by: 'pacemaker', ...held },
    ]);
  });

  it("gives each playbook's settings, with defaults where its key is absent", () => {
    expect(inventory?.settings['galera']).toEqual({ writers: 'all', sst: 'rsync', max_connections: 500 });
    expect(load(THREE).inventory?.settings).toEqual({
      galera: { writers: 'single', sst: 'rsync', max_connections: 1000 },
      time: {},
      cinder: {},
    });
  });

  it('may have keys without a value, as when everything below them is commented out', () => {
    const loaded = load(`${THREE}vips:\nssh:\ndrill:\ngalera:\n  # writers: all\n`);
    expect(told(loaded)).toEqual([]);
    expect(loaded.inventory?.vips).toEqual([]);
  });

  it.each([
    ['none', '', undefined],
    ['one that stops it', 'drill: { stop_command: off }\n', { stop: 'off', start: undefined }],
    [
      'one that stops it and one that starts it',
      'drill: { stop_command: off, start_command: on }\n',
      { stop: 'off', start: 'on' },
    ],
  ])('gives the commands that take a host away: %s', (_title, section, commands) => {
    const loaded = load(`${THREE}${section}`);
    expect(told(loaded)).toEqual([]);
    expect(loaded.inventory?.drill).toEqual(commands);
  });

  it.each([
    ['CRLF', GOOD.replaceAll('\n', '\r\n')],
    ['a start marker', `---\n${GOOD}...\n`],
    ['no newline at its end', GOOD.trimEnd()],
  ])('may have %s', (_title, text) => {
    expect(load(text).inventory).toEqual(inventory);
  });
});

describe('the jump hosts of a host', () => {
  const jumpsOf = (yaml: string, host: string): unknown =>
    load(`${yaml}`).inventory?.hosts.find(({ name }) => name === host)?.ssh.jump;
  const hosts = (...ssh: readonly string[]): string =>
    ssh
      .map(
        (own, index) =>
          `  c${index + 1}: { address: 10.0.0.1${index + 1}, roles: [controller], ssh: ${own} }\n`,
      )
      .join('');

  it('use the login of a hop that is a host of the inventory', () => {
    const yaml = `name: a\nssh: { user: deploy, jump: c1 }\nhosts:\n${hosts('{ user: gate, port: 2222 }', '{}', '{}')}`;
    expect(jumpsOf(yaml, 'c2')).toEqual([{ address: '10.0.0.11', user: 'gate', port: 2222, direct: true }]);
    expect(jumpsOf(yaml, 'c1')).toEqual([]);
  });

  it('begin with the jump hosts of the first one', () => {
    const yaml = `name: a\nhosts:\n${hosts('{ jump: deploy@bastion.example.net }', '{ jump: c1 }', '{ jump: [c2, c1] }')}`;
    const bastion = { address: 'bastion.example.net', user: 'deploy' };
    const c1 = { address: '10.0.0.11' };
    const c2 = { address: '10.0.0.12' };
    expect(jumpsOf(yaml, 'c2')).toEqual([bastion, c1]);
    expect(jumpsOf(yaml, 'c3')).toEqual([bastion, c1, c2, c1]);
  });

  it('can be a list or maps, with the user of the host where a hop names none', () => {
    const yaml = `name: a\nssh: { user: deploy, jump: [a.example.net, { address: b.example.net, port: 23, user: me }] }\nhosts:\n${hosts('{}', '{}', '{ user: root }')}`;
    const second = { address: 'b.example.net', user: 'me', port: 23 };
    expect(jumpsOf(yaml, 'c1')).toEqual([{ address: 'a.example.net', user: 'deploy' }, second]);
    expect(jumpsOf(yaml, 'c3')).toEqual([{ address: 'a.example.net', user: 'root' }, second]);
  });
});

describe("a setting that the inventory leaves to ssh's configuration", () => {
  const knownHosts = [join(homedir(), '.ssh/known_hosts')];
  const login = (ssh: string, own = '{}'): unknown =>
    load(`name: a\nssh: ${ssh}\nhosts: { c1: { address: 10.0.0.1, roles: [compute], ssh: ${own} } }\n`)
      .inventory?.hosts[0]?.ssh;
  const silent = { sudo: true, knownHosts };

  it.each([
    ['all of it, where it says nothing', '{}', '{}', silent],
    ['the same, where it says so', '{ config: true }', '{}', silent],
    ['nothing, where it is switched off', '{ config: false }', '{}', { ...silent, config: false }],
    ['for one host only', '{ config: false }', '{ config: true }', silent],
    [
      'a file next to the inventory',
      '{ config: ./ssh_config }',
      '{}',
      { ...silent, config: '/site/ssh_config' },
    ],
  ])('is %s', (_title, ssh, own, expected) => {
    expect(login(ssh, own)).toEqual(expected);
  });

  it('is read from the same file for the jump hosts', () => {
    const jump = [{ address: 'b.example.net', config: '/site/ssh_config' }];
    expect(login('{ config: ssh_config, jump: b.example.net }')).toEqual({
      ...silent,
      config: '/site/ssh_config',
      jump,
    });
  });
});

describe('a warning', () => {
  const cases: readonly (readonly [title: string, yaml: string, expected: readonly string[]])[] = [
    [
      'for two controllers',
      THREE.split('\n').slice(0, 4).join('\n'),
      [
        '2:1: warning: two hosts for database: when either of them dies, or they lose contact, the database stops answering until you decide which one continues; give the role to a third host; or an arbitrator on a host of its own avoids it: galera: { arbitrator: HOST }',
        '2:1: warning: two hosts for messaging: when they lose contact, both keep running (autoheal), and afterwards one of them discards the messages that it accepted meanwhile; give the role to a third host',
        '2:1: warning: two hosts for coordination: when either of them dies, etcd stops answering until it is back; give the role to a third host',
      ],
    ],
    [
      'for one controller',
      THREE.split('\n').slice(0, 3).join('\n'),
      [
        '2:1: warning: only one host for database, messaging and coordination: nothing takes over when it fails; give the role to three hosts',
      ],
    ],
    [
      'for one cluster of another size',
      `${THREE}  db1: { address: 10.0.0.21, roles: [database] }\n  db2: { address: 10.0.0.22, roles: [database] }\n`,
      [
        '2:1: warning: two hosts for database: when either of them dies, or they lose contact, the database stops answering until you decide which one continues; give the role to a third host; or an arbitrator avoids it: galera: { arbitrator: controller1 }',
      ],
    ],
    [
      'for a user who cannot become root',
      `${THREE}ssh: { user: deploy, sudo: false }\n`,
      [
        '6:28: warning: deploy cannot change anything on a host without sudo; write sudo: true, or log in as root',
      ],
    ],
    [
      'for a key that is not there, which a machine that only plans does not need',
      `${THREE}ssh: { identity: nowhere, known_hosts: [/nowhere/known_hosts] }\n`,
      [
        '6:18: warning: no such file: nowhere; expected at /site/nowhere',
        '6:40: warning: no such file: /nowhere/known_hosts; expected at /nowhere/known_hosts',
      ],
    ],
    [
      'for a single host at a loopback address',
      'name: a\nhosts:\n  here: { address: 127.0.0.1, roles: [compute] }\n',
      [
        '3:20: warning: 127.0.0.1 is a loopback address, which no other host can reach; write the address that the other hosts reach it at',
      ],
    ],
  ];
  it.each(cases)('%s does not keep the inventory from loading', (_title, yaml, expected) => {
    const loaded = load(yaml);
    expect(told(loaded).map((line) => line.replace('/site/inventory.yaml:', ''))).toEqual(expected);
    expect(loaded.inventory).toBeDefined();
  });
});

describe('a VIP', () => {
  const withVip = (address: string, extra = ''): readonly string[] =>
    told(load(`${THREE}${extra}vips: { api: { address: ${address}, interface: eth0 } }\n`));

  it('may be outside of the network of hosts that never hold it', () => {
    expect(withVip('10.0.0.20/24', '  compute1: { address: 10.9.0.1, roles: [compute] }\n')).toEqual([]);
  });

  const balancers =
    '  lb1: { address: 10.9.0.1, roles: [loadbalancer] }\n  lb2: { address: 10.9.0.2, roles: [loadbalancer] }\n';

  it('is held by the load balancers, so it has to be in their network', () => {
    expect(withVip('10.9.0.20/24', balancers)).toEqual([]);
    expect(withVip('10.0.0.20/24', balancers)[0]).toContain('lb1 (10.9.0.1), lb2 (10.9.0.2)');
  });

  it('may be in another network that its holders have an address in', () => {
    const vips = 'vips: { public: { address: 203.0.113.20/24, interface: eth1, on: [c2, c1] } }\n';
    const second = (name: string, last: number): string =>
      `  ${name}: { address: 10.0.0.${10 + last}, networks: { public: 203.0.113.${10 + last} }, roles: [controller] }\n`;
    const loaded = load(`name: a\nhosts:\n${second('c1', 1)}${second('c2', 2)}${second('c3', 3)}${vips}`);
    expect(told(loaded)).toEqual([]);
    expect(loaded.inventory?.vips[0]?.holders).toEqual(['c2', 'c1']);
  });
});

it('mistakes found by a playbook are reported at their position, even if other settings are wrong', () => {
  const loaded = load(`${THREE}galera: { writers: sngle }\ntime:\n  servers: [loop]\n`);
  expect(told(loaded).map((line) => line.replace('/site/inventory.yaml:', ''))).toEqual([
    '6:20: error: writers: unknown value "sngle"; did you mean "single"?',
    '8:13: error: a time server that follows itself',
  ]);
});

it('of a key that is written twice, the last value is the one that is checked and pointed at', () => {
  const loaded = load(`${THREE}name: a b\n`);
  expect(told(loaded).map((line) => line.slice(0, 70))).toEqual([
    '/site/inventory.yaml:6:1: error: "name" is written twice; it is in line 1 already'.slice(0, 70),
    '/site/inventory.yaml:6:7: error: name: expected at most 32 letters, digits'.slice(0, 70),
  ]);
});

it('knows its own file of secrets, and says so once', () => {
  const loaded = checkInventory('/site/secrets.yaml', 'erlangCookie: abc\nhacluster: def\n', options);
  expect(told(loaded)).toEqual([
    '/site/secrets.yaml:1:1: error: these are secrets, not an inventory; give the inventory next to them',
  ]);
});
