import { describe, expect, it } from 'vitest';
import { parseHop } from '../../src/inventory/logins.ts';
import {
  addressesOf,
  addressIn,
  addressFault,
  contains,
  formatIpv4,
  nameFault,
  networkOf,
  parseIpv4,
  sameNetwork,
} from '../../src/inventory/network.ts';
import { expandRoles, vipHolders, type RoleWord } from '../../src/inventory/roles.ts';
import { parseCidr } from '../../src/inventory/vip-rules.ts';

describe("a host's addresses", () => {
  it.each([
    [
      'the management address first',
      { address: '0.0.0.9', networks: { b: '0.0.0.2', a: '0.0.0.1' } },
      [9, 2, 1],
    ],
    ['none known by a name', { address: 'c1.example.net', networks: { a: '0.0.0.1' } }, [undefined, 1]],
    ['none known where none is written', { networks: { a: '0.0.0.1' } }, [undefined, 1]],
  ])('are read as numbers: %s', (_what, host, expected) => {
    expect(addressesOf(host)).toEqual(expected);
  });

  it.each([
    ['10.0.0.0', true],
    ['10.0.0.255', true],
    ['9.255.255.255', false],
    ['10.0.1.0', false],
  ])('%s lies in 10.0.0.0/24: %s', (address, expected) => {
    expect(contains(networkOf(parseIpv4('10.0.0.20')!, 24), parseIpv4(address)!)).toBe(expected);
  });
});

describe('an address', () => {
  it.each(['10.0.0.1', '255.255.255.255', '0.0.0.0', '192.168.1.254'])('%s survives being read', (text) => {
    expect(formatIpv4(parseIpv4(text) ?? -1)).toBe(text);
  });

  it.each(['10.0.0', '10.0.0.256', '10.0.0.01', '1.2.3.4.5', '', 'a.b.c.d', '10.0.0.1 ', '1e1.0.0.1'])(
    '%j is not an IPv4 address',
    (text) => {
      expect(parseIpv4(text)).toBeUndefined();
    },
  );

  it.each([
    ['10.1.2.3', 8, '10.0.0.0', '10.255.255.255'],
    ['192.168.77.200', 26, '192.168.77.192', '192.168.77.255'],
    ['255.255.255.255', 24, '255.255.255.0', '255.255.255.255'],
  ] as const)('%s/%i is in its network', (text, prefixLength, first, last) => {
    const network = networkOf(parseIpv4(text) ?? -1, prefixLength);
    expect([formatIpv4(network.first), formatIpv4(network.last)]).toEqual([first, last]);
  });

  it.each(['10.0.0.0/24/1', '10.0.0.0/', '/24', '10.0.0.0/0', '10.0.0.0/33', 'x/24'])(
    '%j is no network',
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );

  it.each([
    '10.0.0.11',
    'controller1',
    'controller1.example.net',
    'node-1.example.net.',
    '127.0.0.1',
    'localhost',
  ])('%s can be reached', (text) => {
    expect(addressFault(text)).toBeUndefined();
  });

  it.each(['fe80::1%eth0', '::1', '[fd00::1]:22', 'fd00::1/64'])('%s is refused as IPv6', (text) => {
    expect(addressFault(text)?.message).toContain('is an IPv6 address, which osha does not support yet');
  });
});

describe('a name', () => {
  it.each(['a', 'controller1', 'node-1', 'x'.repeat(63)])('%s is right', (name) => {
    expect(nameFault(name)).toBeUndefined();
  });
  it.each(['-a', 'a-', 'a_b', 'A', '1a', '', 'a.b', 'a b', 'ä', 'x'.repeat(64), 'localhost'])(
    '%j is wrong',
    (name) => {
      expect(nameFault(name)).toBeDefined();
    },
  );
});

describe('a jump host', () => {
  it.each([
    ['bastion', { address: 'bastion' }],
    ['me@bastion.example.net', { address: 'bastion.example.net', user: 'me' }],
    ['10.0.0.1:2222', { address: '10.0.0.1', port: 2222 }],
    ['me@10.0.0.1:22', { address: '10.0.0.1', user: 'me', port: 22 }],
    ['me@', undefined],
    ['@host', undefined],
    ['a@b@c', undefined],
    ['host:0', undefined],
    ['host:65536', undefined],
    ['host:ssh', undefined],
    ['10.0.0.300', undefined],
    ['ho st', undefined],
    ['', undefined],
  ])('%j is read', (text, expected) => {
    expect(parseHop(text)).toEqual(expected);
  });
});

describe('roles', () => {
  const expand = (hosts: Readonly<Record<string, readonly RoleWord[]>>): unknown =>
    Object.fromEntries(
      [...expandRoles(new Map(Object.entries(hosts)))].map(([host, roles]) => [host, roles.join(' ')]),
    );
  const all = 'database messaging cache coordination control dashboard loadbalancer time';

  it.each([
    ['one controller takes all but what needs hardware', { c: ['controller'] }, { c: all }],
    [
      'hosts of their own take roles off all controllers',
      { c: ['controller'], d: ['database', 'messaging'] },
      { c: 'cache coordination control dashboard loadbalancer time', d: 'database messaging' },
    ],
    [
      'a role written out for one controller is its own',
      { a: ['controller', 'time'], b: ['controller'] },
      { a: all, b: all.replace(' time', '') },
    ],
    [
      'a role written out for all controllers is kept by all',
      { a: ['controller', 'time'], b: ['time', 'controller'] },
      { a: all, b: all },
    ],
    [
      'compute is never part of it',
      { a: ['compute', 'controller'] },
      { a: 'database messaging cache coordination control compute dashboard loadbalancer time' },
    ],
  ] as const)('%s', (_title, hosts, expected) => {
    expect(expand(hosts)).toEqual(expected);
  });

  it.each([
    ['the load balancers', [['loadbalancer'], ['control']], [0]],
    ['the controllers without load balancers', [['control'], ['compute']], [0]],
  ] as const)('VIPs are held by %s', (_title, roles, expected) => {
    const hosts = roles.map((own) => ({ roles: own, controller: own.some((role) => role === 'control') }));
    expect(vipHolders(hosts)).toEqual(expected.map((index) => hosts[index]));
  });

  it('let every host hold VIPs where there are neither', () => {
    const hosts = [{ roles: ['database'] as const, controller: false }];
    expect(vipHolders(hosts)).toEqual(hosts);
  });
});

const vipNetwork = (address: string, prefixLength = 24) => ({ address, prefixLength });

describe("a host's address in the network of a virtual IP", () => {
  const host = { address: '10.0.0.11', networks: { storage: '10.0.5.11', public: '192.0.2.11' } };
  it.each([
    ['the management address where it lies in it', host, vipNetwork('10.0.0.20'), '10.0.0.11'],
    ['the one of a further network', host, vipNetwork('192.0.2.20'), '192.0.2.11'],
    ['the management address first, where both do', host, vipNetwork('10.0.9.20', 16), '10.0.0.11'],
    ['none, where none does', host, vipNetwork('198.51.100.20'), undefined],
    [
      'none, where only DNS knows it',
      { address: 'c1.example.net', networks: {} },
      vipNetwork('10.0.0.20'),
      undefined,
    ],
  ])('is %s', (_what, given, vip, expected) => {
    expect(addressIn(given, vip)).toBe(expected);
  });
});

describe('the networks of two virtual IPs', () => {
  it.each([
    ['10.0.0.20', 24, '10.0.0.21', 24, true],
    ['10.0.0.20', 24, '10.0.1.20', 24, false],
    ['10.0.0.20', 24, '10.0.1.20', 16, true],
    ['10.0.1.20', 16, '10.0.0.20', 24, true],
  ])('%s/%i and %s/%i: the same is %s', (one, oneLength, other, otherLength, expected) => {
    expect(sameNetwork(vipNetwork(one, oneLength), vipNetwork(other, otherLength))).toBe(expected);
  });
});
