import { describe, expect, it } from 'vitest';
import { interfacesOf, subnetsOf, type Addresses } from './networks.ts';
import { LabError } from './run.ts';

const host = (name: string, address: string, networks: Record<string, string> = {}): Addresses => ({
  name,
  address,
  networks,
});

describe('interfaces of a host', () => {
  it('start with its address, then its networks by name', () => {
    const { address, networks } = host('one', '10.1.0.5', { storage: '10.3.0.5', public: '10.2.0.5' });
    expect(interfacesOf({ address, networks })).toEqual([
      { device: 'eth0', address: '10.1.0.5', subnet: '10.1.0.0/24' },
      { device: 'eth1', address: '10.2.0.5', subnet: '10.2.0.0/24' },
      { device: 'eth2', address: '10.3.0.5', subnet: '10.3.0.0/24' },
    ]);
  });
});

describe('networks of a lab', () => {
  it.each<[string, readonly Addresses[], readonly string[]]>([
    ['one for all hosts', [host('one', '10.1.0.5'), host('two', '10.1.0.6')], ['10.1.0.0/24']],
    [
      'further networks after those of addresses',
      [host('one', '10.1.0.5'), host('two', '10.1.0.6', { public: '10.2.0.6' })],
      ['10.1.0.0/24', '10.2.0.0/24'],
    ],
    [
      'an order that only the last host determines',
      [host('one', '10.2.0.5'), host('two', '10.1.0.6', { public: '10.2.0.6' })],
      ['10.1.0.0/24', '10.2.0.0/24'],
    ],
  ])('are %s', (_, hosts, subnets) => {
    expect(subnetsOf('inventory.yaml', hosts)).toEqual(subnets);
  });

  it.each<[string, readonly Addresses[], RegExp]>([
    [
      'two orders of the same networks',
      [host('one', '10.1.0.5', { public: '10.2.0.5' }), host('two', '10.2.0.6', { public: '10.1.0.6' })],
      /10\.1\.0\.0\/24 and 10\.2\.0\.0\/24 are in different orders on different hosts/,
    ],
    [
      'two addresses of one host in one network',
      [host('one', '10.1.0.5', { public: '10.1.0.6' })],
      /one has two addresses in 10\.1\.0\.0\/24/,
    ],
    ["the lab's own address", [host('one', '10.1.0.5', { public: '10.2.0.1' })], /one cannot be 10\.2\.0\.1/],
  ])('cannot have %s', (_, hosts, message) => {
    const made = (): unknown => subnetsOf('inventory.yaml', hosts);
    expect(made).toThrow(LabError);
    expect(made).toThrow(message);
  });
});
