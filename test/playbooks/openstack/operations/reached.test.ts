import { describe, expect, it } from 'vitest';
import { reached } from '../../../../playbooks/openstack/operations/index.ts';
import type { HttpStatus } from '../../../../playbooks/openstack/operations/http-probe.ts';
import type { Answer, Finding } from '../../../../src/playbook/operation.ts';
import { aHost } from '../../../support/inventory.ts';

const check = reached({
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
  ])('that says %i is told of as: %s', (status, words) => {
    expect(told(said(status))).toBe(words);
  });

  it('is not known of by a host that cannot be asked', () => {
    expect(told({ reachable: false, reason: 'no route to host' })).toBe('- no route to host');
  });

  it.each([
    [0, 'c1 has to reach 192.0.2.20: route it, or give the services a virtual IP of their own'],
    [503, 'osha status INVENTORY --only haproxy'],
  ])('after %i comes what to do: %s', (status, hint) => {
    expect(judged(said(status))?.hint).toContain(hint);
  });

  it('is asked from every host, and trusted by the certificate that is given', () => {
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
