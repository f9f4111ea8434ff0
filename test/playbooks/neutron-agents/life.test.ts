import { describe, expect, it } from 'vitest';
import { judgeSpare, life } from '../../../playbooks/neutron-agents/life.ts';
import type { ApiAnswer } from '../../../playbooks/openstack/operations/api-session.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import type { Step } from '../../../src/playbook/step.ts';
import { aHost } from '../../support/inventory.ts';
import { sessionAt } from '../openstack/operations/sessions.ts';

type Said = Answer<ApiAnswer>;
const KINDS = ['L3 agent', 'DHCP agent', 'Metadata agent', 'Linux bridge agent'];
const away: Said = { reachable: false, reason: 'timed out' };

/** The agents of all kinds on these hosts; `n2-` are dead, `n2!` disabled, `n2~` lack the L3 agent. */
function listing(hosts: string): Said {
  const agents = hosts.split(' ').flatMap((word) => {
    const host = word.replace(/[-!~]$/, '');
    return KINDS.filter((kind) => !word.endsWith('~') || kind !== 'L3 agent').map((kind) => ({
      agent_type: kind,
      host,
      alive: !word.endsWith('-'),
      admin_state_up: !word.endsWith('!'),
    }));
  });
  return { reachable: true, observed: { status: 200, body: { agents } } };
}

describe('whether a network host can be stopped', () => {
  it.each<[string, readonly Said[], string, string]>([
    ['agents are alive on another host', [listing('n1 n2')], 'spared', 'agents are alive on n2'],
    ['it is down already', [listing('n1- n2 n3')], 'spared', 'agents are alive on n2, n3'],
    [
      'it is the only one',
      [listing('n1')],
      'needed',
      'no other host has a live L3 agent, DHCP agent, Metadata agent',
    ],
    ['those of the other host are dead', [listing('n1 n2-')], 'needed', 'no other host has a live L3 agent'],
    [
      'those of the other host are disabled',
      [listing('n1 n2!')],
      'needed',
      'no other host has a live L3 agent',
    ],
    ['the other host has no L3 agent', [listing('n1 n2~')], 'needed', 'no other host has a live L3 agent'],
    ['the second control host answers', [away, listing('n1 n2')], 'spared', 'agents are alive on n2'],
    ['Neutron cannot be asked', [away], 'unknown', 'could not ask Neutron (h1: timed out)'],
  ])('%s', (_, said, verdict, evidence) => {
    const answers = new Map(said.map((one, index) => [`h${index + 1}`, one]));
    expect(judgeSpare('n1', answers)).toMatchObject({
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
    expect(inWords(declared.drain?.(n1))).toEqual(['Move routers and DHCP away from n1: c1,c2']);
    expect(inWords(declared.undrain?.(n1))).toEqual(['Let n1 run routers and DHCP: c1,c2']);
    expect(inWords(declared.leave?.(n1))).toEqual(['Remove the agents of n1: c1,c2']);
  });

  it('is not asked of the one that leaves', () => {
    expect(inWords(declared.leave?.(c1)).map((words) => words.replace(/.*: /, ''))).toEqual(['c2']);
  });

  it('is nothing about other hosts', () => {
    expect([declared.drain?.(c2), declared.undrain?.(c2), declared.leave?.(c2)]).toEqual([[], [], []]);
  });
});
