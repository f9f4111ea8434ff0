import { describe, expect, it } from 'vitest';
import { editDistance, nearest, suggestion } from '../../src/yaml/nearest.ts';

describe('the edit distance', () => {
  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['', 'abc', 3],
    ['abc', 'ac', 1],
    ['abc', 'abxc', 1],
    ['abc', 'axc', 1],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
  ])('of %j and %j', (a, b, expected) => {
    expect(editDistance(a, b)).toBe(expected);
    expect(editDistance(b, a)).toBe(expected);
  });
});

describe('the nearest of some choices', () => {
  const choices = ['name', 'hosts', 'vips', 'known_hosts', 'database', 'galera', 'pacemaker'];
  it.each([
    ['nmae', 'name'],
    ['host', 'hosts'],
    ['vip', 'vips'],
    ['knownHosts', 'known_hosts'],
    ['known-hosts', 'known_hosts'],
    ['Database', 'database'],
    ['databse', 'database'],
    ['data', 'database'],
    ['gallera', 'galera'],
    ['keepalived', undefined],
    ['x', undefined],
    ['', undefined],
    ['_', undefined],
    ['a'.repeat(10_000), undefined],
  ])('to %j', (written, expected) => {
    expect(nearest(written, choices)).toBe(expected);
  });

  it('is not one of two words that begin alike', () => {
    expect(nearest('net', ['network', 'netmask'])).toBeUndefined();
  });

  it('is suggested, or all are listed', () => {
    expect(suggestion('nmae', ['name', 'hosts'])).toBe('did you mean "name"?');
    expect(suggestion('zzz', ['name', 'hosts'])).toBe('write one of name, hosts');
    expect(suggestion('zzz', [])).toBe('remove it');
  });
});
