import { describe, expect, it } from 'vitest';
import { judgeLeave, judgeSpare, life } from '../../../playbooks/nova-compute/life.ts';
import type { ApiAnswer } from '../../../playbooks/openstack/operations/api-session.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import type { Step } from '../../../src/playbook/step.ts';
import { aHost } from '../../support/inventory.ts';
import { sessionAt } from '../openstack/operations/sessions.ts';

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

describe('whether a compute host can leave', () => {
  it.each<[string, readonly Said[], string, string]>([
    ['it has no servers', [listing()], 'spared', 'it has no servers'],
    ['a server on it is shut off', [listing(['old', 'SHUTOFF'])], 'needed', 'it has 1 server: old'],
    ['Nova does not answer', [refused], 'unknown', 'could not ask Nova'],
  ])('%s', (_, said, verdict, evidence) => {
    const answers = new Map(said.map((one, index) => [`h${index + 1}`, one]));
    expect(judgeLeave(answers)).toMatchObject({
      verdict,
      evidence: expect.stringContaining(evidence) as string,
    });
  });
});

describe('what is asked of the control hosts', () => {
  const [n1, c1, c2] = [aHost('n1'), aHost('c1'), aHost('c2')];
  const declared = life([n1, c1], [c1, c2], sessionAt('http://192.0.2.20:5000'));
  const inWords = (steps: readonly Step[] = []): readonly string[] =>
    steps.map(({ title, hosts }) => `${title}: ${hosts?.map(({ name }) => name).join()}`);

  it('when a host is drained, comes back, and leaves', () => {
    expect(inWords(declared.drain?.(n1))).toEqual(['Start no servers on n1: c1,c2']);
    expect(inWords(declared.undrain?.(n1))).toEqual(['Start servers on n1 again: c1,c2']);
    expect(inWords(declared.leave?.(n1))).toEqual([
      'Remove the services of n1: c1,c2',
      'Remove the agents of n1: c1,c2',
    ]);
  });

  it('is not asked of the one that leaves', () => {
    expect(inWords(declared.leave?.(c1)).map((words) => words.replace(/.*: /, ''))).toEqual(['c2', 'c2']);
  });

  it('is only to forget its services when a control host without servers leaves', () => {
    expect([declared.drain?.(c2), declared.undrain?.(c2)]).toEqual([[], []]);
    expect(inWords(declared.leave?.(c2))).toEqual(['Remove the services of c2: c1']);
  });

  it('asks for no spare before a drain: servers do not move on their own', () => {
    expect(declared.okToDrain?.(n1)).toEqual([]);
  });
});
