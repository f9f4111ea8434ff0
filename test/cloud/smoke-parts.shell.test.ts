import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { newPublicKey } from '../../src/cloud/smoke/access.ts';
import { KINDS } from '../../src/cloud/smoke/kinds.ts';
import { cidrApartFrom } from '../../src/cloud/smoke/network.ts';
import { nameOf, newRunId, PREFIX, prefixOf } from '../../src/cloud/smoke/round.ts';

describe('names', () => {
  it('of a run are all found by its prefix, and those of all runs by another', () => {
    const run = newRunId();
    expect(nameOf(run, 'network').startsWith(prefixOf(run))).toBe(true);
    expect(prefixOf(run).startsWith(PREFIX)).toBe(true);
    expect(run).toMatch(/^[a-z0-9]{8}$/);
  });

  it('of two runs are not the same', () => {
    expect(new Set(Array.from({ length: 100 }, newRunId)).size).toBe(100);
  });
});

it.each([
  ['server', 'floating'],
  ['server', 'router'],
  ['server', 'group'],
  ['server', 'flavor'],
  ['server', 'image'],
  ['floating', 'router'],
  ['router', 'network'],
])('a %s is removed before the %s that it uses', (user, used) => {
  const order = Object.keys(KINDS);
  expect(order.indexOf(user)).toBeGreaterThanOrEqual(0);
  expect(order.indexOf(user)).toBeLessThan(order.indexOf(used));
});

it.each([
  [undefined, '10.254.254.0/24'],
  ['203.0.113.0/24', '10.254.254.0/24'],
  ['10.254.254.0/24', '192.168.254.0/24'],
  ['10.0.0.0/8', '192.168.254.0/24'],
  ['10.254.0.0/16', '192.168.254.0/24'],
  ['10.254.254.128/25', '192.168.254.0/24'],
])('beside %s the network of a server is %s', (outside, expected) => {
  expect(cidrApartFrom(outside)).toBe(expected);
});

it('a public key is one that OpenSSH reads', () => {
  const { stdout, status } = spawnSync('ssh-keygen', ['-l', '-f', '-'], {
    input: newPublicKey(),
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^256 SHA256:\S+ osha-smoke \(ED25519\)$/m);
});
