import { describe, expect, it } from 'vitest';
import { sparedByOthers } from '../../src/playbook/life.ts';
import type { Answer, Finding, HealthCheck } from '../../src/playbook/operation.ts';
import { aHost } from '../support/inventory.ts';

const HOSTS = [aHost('c1'), aHost('c2'), aHost('c3')];

/** A check whose members answer with their own findings. */
function checkOf(hosts = HOSTS, whole: readonly Finding[] = []): HealthCheck<readonly Finding[]> {
  return {
    scope: 'health',
    title: 'caches',
    members: hosts,
    probe: () => ({ script: 'true', reads: [], parse: () => [] }),
    judge: (answers) => [
      ...[...answers].flatMap(([host, answer]): readonly Finding[] =>
        answer.reachable
          ? answer.observed.map((finding) => ({ ...finding, host }))
          : [{ subject: 'cache', host, healthy: false, evidence: answer.reason }],
      ),
      ...whole,
    ],
  };
}

type Said = Answer<readonly Finding[]>;
const says = (...findings: readonly Finding[]): Said => ({ reachable: true, observed: findings });
const well = says({ subject: 'cache', healthy: true, evidence: 'answers' });
const sick = says({ subject: 'cache', healthy: false, evidence: 'no answer' });
const away: Said = { reachable: false, reason: 'timed out' };
const mute = says();
const runsOnOne: Finding = { subject: 'cache', healthy: true, evidence: 'runs on c1' };
const runsNowhere: Finding = { subject: 'cache', healthy: false, evidence: 'runs nowhere', hint: 'start it' };

describe('a system without quorum', () => {
  it.each<[string, readonly Said[], readonly Finding[], string, string]>([
    ['spares a host while another one is healthy', [well, well, sick], [], 'spared', 'healthy on c2'],
    ['spares a host that is down', [away, well, well], [], 'spared', 'healthy on c2, c3'],
    [
      'needs the only healthy host',
      [well, sick, away],
      [],
      'needed',
      'healthy on no other host (c2: no answer; c3: timed out)',
    ],
    ['spares a host of a unit that a cluster moves', [mute, mute, mute], [runsOnOne], 'spared', 'runs on c1'],
    ['needs a host of a unit that runs nowhere', [mute, mute, mute], [runsNowhere], 'needed', 'runs nowhere'],
    [
      'cannot tell without an answer about the whole',
      [mute, mute, mute],
      [{ ...runsNowhere, unknown: true }],
      'unknown',
      'runs nowhere',
    ],
  ])('%s', (_, said, whole, verdict, evidence) => {
    const [host] = HOSTS;
    if (!host) throw new Error('no host');
    const answers = new Map(HOSTS.map(({ name }, index) => [name, said[index] ?? away]));
    expect(sparedByOthers(checkOf(HOSTS, whole), host).judge(answers)).toMatchObject({ verdict, evidence });
  });

  it('needs its only host', () => {
    const [host] = HOSTS;
    if (!host) throw new Error('no host');
    expect(sparedByOthers(checkOf([host]), host).judge(new Map([['c1', well]]))).toEqual({
      verdict: 'needed',
      evidence: 'it runs on c1 alone',
    });
  });
});
