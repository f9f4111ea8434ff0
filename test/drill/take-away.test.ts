import { describe, expect, it } from 'vitest';
import { observersOf, resettable } from '../../src/drill/take-away.ts';
import type { Vip } from '../../src/inventory/types.ts';
import { unclaimedAddresses } from '../../src/drill/services.ts';
import { aHost } from '../support/inventory.ts';

describe('the hosts that measure', () => {
  it.each([
    [
      ['c2', 'c3'],
      ['c1', 'c2', 'c3'],
      ['c2', 'c3'],
    ],
    [
      ['c2', 'c3', 'n1'],
      ['c1', 'c2', 'c3'],
      ['n1', 'c2'],
    ],
    [
      ['c2', 'n1', 'n2'],
      ['c1', 'c2'],
      ['n1', 'n2'],
    ],
    [['c2'], ['c1', 'c2'], ['c2']],
  ])('of %j, where %j can hold a virtual IP, are %j', (candidates, holders, wanted) => {
    const found = observersOf(
      candidates.map((name) => aHost(name)),
      holders,
    );
    expect(found.map(({ name }) => name)).toEqual(wanted);
  });
});

it('measures the address of a virtual IP on which no system declares a service', () => {
  const vips = ['api', 'own'].map((name, at): Vip => ({
    name,
    address: `10.0.0.2${at}`,
    prefixLength: 24,
    interface: 'eth0',
    by: 'pacemaker',
    haproxy: false,
    holders: [],
  }));
  const services = [{ name: 'x', address: '10.0.0.20', port: 80, proof: { kind: 'connection' } as const }];
  expect(unclaimedAddresses({ vips }, services).map(({ name, address }) => `${name} ${address}`)).toEqual([
    'virtual IP own 10.0.0.21',
  ]);
});

it.each([
  ['', undefined],
  ['container\n', 'it is a container'],
  ['container\nreadonly\n', 'it is a container'],
  ['readonly\n', '/proc/sysrq-trigger cannot be written'],
])('a host that answers %j cannot reset itself because: %s', (stdout, wanted) => {
  expect(resettable.parse({ stdout, stderr: '', exitCode: 0 })).toBe(wanted);
});
