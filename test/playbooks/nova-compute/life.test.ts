import { describe, expect, it } from 'vitest';
import { judgeSpare } from '../../../playbooks/nova-compute/life.ts';
import type { ApiAnswer } from '../../../playbooks/openstack/operations/api-session.ts';
import type { Answer } from '../../../src/playbook/operation.ts';

type Said = Answer<ApiAnswer>;
const away: Said = { reachable: false, reason: 'timed out' };
const refused: Said = { reachable: true, observed: { status: 503, error: 'no server is available' } };
const listing = (...servers: readonly (readonly [string, string])[]): Said => ({
  reachable: true,
  observed: { status: 200, body: { servers: servers.map(([name, status]) => ({ name, status })) } },
});

describe('whether a compute host can be stopped', () => {
  it.each<[string, readonly Said[], string, string]>([
    ['no server is on it', [listing()], 'spared', 'no server runs on it'],
    ['its servers are shut off', [listing(['web', 'SHUTOFF'], ['old', 'ERROR'])], 'spared', 'no server runs'],
    [
      'a server runs on it',
      [listing(['web', 'ACTIVE'], ['old', 'SHUTOFF'])],
      'needed',
      '1 server runs on it: web',
    ],
    ['a server is paused in its memory', [listing(['web', 'PAUSED'])], 'needed', '1 server runs on it: web'],
    [
      'many servers run on it',
      [listing(...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => [name, 'ACTIVE'] as const))],
      'needed',
      '7 servers run on it: a, b, c, d, e and 2 more',
    ],
    ['the second control host answers', [away, listing()], 'spared', 'no server runs on it'],
    [
      'Nova does not answer',
      [away, refused],
      'unknown',
      'could not ask Nova (asked from h2: no server is available)',
    ],
    ['there is no control host', [], 'unknown', 'could not ask Nova (no control host)'],
  ])('%s', (_, said, verdict, evidence) => {
    const answers = new Map(said.map((one, index) => [`h${index + 1}`, one]));
    expect(judgeSpare(answers)).toMatchObject({
      verdict,
      evidence: expect.stringContaining(evidence) as string,
    });
  });
});
