import { describe, expect, it } from 'vitest';
import { judgeSpare } from '../../../playbooks/neutron-agents/life.ts';
import type { ApiAnswer } from '../../../playbooks/openstack/operations/api-session.ts';
import type { Answer } from '../../../src/playbook/operation.ts';

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
