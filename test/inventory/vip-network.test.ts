import { describe, expect, it } from 'vitest';
import { addressIn, sameNetwork } from '../../src/inventory/vip-network.ts';

const network = (address: string, prefixLength = 24) => ({ address, prefixLength });

describe("a host's address in the network of a virtual IP", () => {
  const host = { address: '10.0.0.11', networks: { storage: '10.0.5.11', public: '192.0.2.11' } };
  it.each([
    ['the management address where it lies in it', host, network('10.0.0.20'), '10.0.0.11'],
    ['the one of a further network', host, network('192.0.2.20'), '192.0.2.11'],
    ['the management address first, where both do', host, network('10.0.9.20', 16), '10.0.0.11'],
    ['none, where none does', host, network('198.51.100.20'), undefined],
    [
      'none, where only DNS knows it',
      { address: 'c1.example.net', networks: {} },
      network('10.0.0.20'),
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
    expect(sameNetwork(network(one, oneLength), network(other, otherLength))).toBe(expected);
  });
});
