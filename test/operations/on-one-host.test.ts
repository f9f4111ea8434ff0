import { describe, expect, it } from 'vitest';
import { onOneHost } from '../../src/operations/on-one-host.ts';
import type { Answer, Finding, HealthCheck } from '../../src/playbook/operation.ts';
import type { Takeover } from '../../src/playbook/takeover.ts';
import { aHost } from '../support/inventory.ts';
import { linesOf } from '../playbooks/openstack/operations/findings.ts';

type Said = Answer<boolean>;

/** One finding for each host, and one for them all. */
const check: HealthCheck<boolean> = {
  scope: 'health',
  title: 'Keystone',
  members: [aHost('c1'), aHost('c2'), aHost('c3')],
  probe: () => ({ script: ':', reads: [], parse: () => true }),
  judge: (answers) => [
    ...[...answers].map(([host, answer]): Finding => {
      const healthy = answer.reachable && answer.observed;
      const evidence = answer.reachable ? (healthy ? 'answers' : 'no answer') : answer.reason;
      return { subject: 'API', host, healthy, evidence };
    }),
    { subject: 'virtual IP', healthy: true, evidence: 'answers' },
  ],
};
const moving: Takeover = { unit: 'keystone', hosts: ['c1', 'c2'], by: 'pacemaker', runsOn: 'one' };

function judged(said: readonly Said[], takeovers: readonly Takeover[]): readonly string[] {
  const answers = new Map(said.map((answer, index) => [`c${index + 1}`, answer]));
  return linesOf(onOneHost(check, 'keystone', takeovers).judge(answers));
}

describe('a unit that a cluster runs on one host at a time', () => {
  const up: Said = { reachable: true, observed: true };
  const down: Said = { reachable: true, observed: false };
  const gone: Said = { reachable: false, reason: 'no route' };
  const vip = 'virtual IP: answers';
  const cases: readonly (readonly [string, readonly Said[], readonly string[]])[] = [
    ['is healthy on one host and ignored on the other', [down, up], ['API on c2: answers', vip]],
    ['is well where the other host is gone', [gone, up], ['API on c2: answers', vip]],
    [
      'is unhealthy where it answers on both',
      [up, up],
      ['BAD API: runs on c1 and c2, but must run on only one', vip],
    ],
    [
      'is not where it answers on none, each with its reason',
      [gone, down],
      ['BAD API: c1: no route; c2: no answer', vip],
    ],
    [
      'leaves hosts alone that it never moves to',
      [up, down, down],
      ['API on c1: answers', 'BAD API on c3: no answer', vip],
    ],
  ];
  it.each(cases)('%s', (_name, said, lines) => {
    expect(judged(said, [moving])).toEqual(lines);
  });

  const untouched: readonly (readonly [string, readonly Takeover[]])[] = [
    ['no cluster has it', []],
    ['a cluster runs it everywhere', [{ ...moving, runsOn: 'all' }]],
    ['a cluster moves another unit', [{ ...moving, unit: 'glance-api' }]],
  ];
  it.each(untouched)('is checked on every host where %s', (_where, takeovers) => {
    expect(judged([up, down], takeovers)).toEqual(['API on c1: answers', 'BAD API on c2: no answer', vip]);
  });

  it('has a hint that names the cluster and the hosts', () => {
    const [finding] = onOneHost(check, 'keystone', [moving]).judge(new Map([['c1', down]]));
    expect(finding?.hint).toBe('pacemaker has to run keystone on one of c1: pcs status --full');
  });
});
