import { describe, expect, it } from 'vitest';
import type { Answer, Finding } from '../../../../src/playbook/operation.ts';
import { aHost } from '../../../support/inventory.ts';
import {
  type HttpStatus,
  eachHostReaches,
  releaseOf,
} from '../../../../playbooks/openstack/operations/http-health.ts';

const check = eachHostReaches({
  title: 'Keystone',
  vip: { name: 'api', address: '192.0.2.20' },
  url: 'https://192.0.2.20:5000/',
  ca: '/etc/osha/ca.pem',
  unit: 'keystone',
  from: [aHost('c1'), aHost('k1')],
});

describe('an API at a virtual IP', () => {
  const said = (status: number): Answer<HttpStatus> => ({
    reachable: true,
    observed: { status, seconds: 0.0124 },
  });
  const judged = (answer: Answer<HttpStatus>): Finding | undefined =>
    check.judge(new Map([['c1', answer]]))[0];
  function told(answer: Answer<HttpStatus>): string {
    const finding = judged(answer);
    return `${finding?.healthy ? '+' : '-'} ${finding?.evidence}`;
  }

  it.each([
    [200, '+ answers in 12 ms'],
    [300, '+ answers in 12 ms'],
    [503, '- https://192.0.2.20:5000/ answers 503'],
    [0, '- no answer from https://192.0.2.20:5000/'],
  ])('with status %i is reported as: %s', (status, words) => {
    expect(told(said(status))).toBe(words);
  });

  it('is unhealthy for an unreachable host', () => {
    expect(told({ reachable: false, reason: 'no route to host' })).toBe('- no route to host');
  });

  it.each([
    [0, 'c1 must reach 192.0.2.20: add a route, or a virtual IP called "internal"'],
    [503, 'osha status INVENTORY --only haproxy'],
  ])('with status %i has the hint: %s', (status, hint) => {
    expect(judged(said(status))?.hint).toContain(hint);
  });

  it('is requested from every host, with the given certificate', () => {
    expect(check.members.map(({ name }) => name)).toEqual(['c1', 'k1']);
    const probe = check.probe(aHost('c1'));
    expect(probe.script).toContain('--cacert /etc/osha/ca.pem');
    expect(probe.script).toContain('https://192.0.2.20:5000/');
    expect(probe.parse({ stdout: '300 0.012400\n', stderr: '', exitCode: 0 })).toEqual({
      status: 300,
      seconds: 0.0124,
    });
  });
});

describe('the release in a package version', () => {
  it.each([
    ['2:22.0.2-0+deb12u1', '22.0.2'],
    ['1:26.2.2-1~deb12u3', '26.2.2'],
    ['8.0.0-2', '8.0.0'],
    ['2:25.1.0', '25.1.0'],
    ['', ''],
  ])('of %s is %s', (version, release) => {
    expect(releaseOf(version)).toBe(release);
  });
});
