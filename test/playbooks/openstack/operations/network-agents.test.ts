import { describe, expect, it } from 'vitest';
import {
  agentsIn,
  DRAINED,
  forgotten,
  scheduling,
} from '../../../../playbooks/openstack/operations/network-agents.ts';
import { changesAfter, requestsOf } from './jobs.ts';
import { sessionAt } from './sessions.ts';

const session = sessionAt('http://192.0.2.20:5000');
/** An agent: of which kind, and why it is disabled; enabled without a reason. */
const agent = (kind: string, disabled?: string) => ({
  id: `id-of-${kind.split(' ')[0]?.toLowerCase()}`,
  agent_type: kind,
  admin_state_up: disabled === undefined,
  description: disabled ?? null,
});
const answer = (...agents: readonly object[]) => [{ status: 200, body: { agents } }];

describe('whether Neutron uses the agents of a host:', () => {
  type Case = readonly [
    name: string,
    wanted: 'drained' | 'ready',
    agents: readonly object[],
    expected: string | undefined,
  ];
  it.each<Case>([
    [
      'those of routers and DHCP are disabled',
      'drained',
      [agent('L3 agent'), agent('DHCP agent')],
      'disable the L3 agent and DHCP agent of n1',
    ],
    [
      'only what is enabled is disabled',
      'drained',
      [agent('L3 agent', DRAINED), agent('DHCP agent')],
      'disable the DHCP agent of n1',
    ],
    [
      'those that connect its own servers keep running',
      'drained',
      [agent('Linux bridge agent'), agent('Metadata agent')],
      undefined,
    ],
    ['what somebody else has disabled stays', 'drained', [agent('L3 agent', 'broken')], undefined],
    [
      'those that osha has disabled are enabled',
      'ready',
      [agent('L3 agent', DRAINED), agent('DHCP agent', DRAINED)],
      'enable the L3 agent and DHCP agent of n1',
    ],
    ['what somebody else has disabled is not enabled', 'ready', [agent('L3 agent', 'broken')], undefined],
    ['what was disabled without a reason is not enabled', 'ready', [agent('L3 agent', '')], undefined],
    ['what is enabled stays', 'ready', [agent('L3 agent'), agent('DHCP agent')], undefined],
    ['a host without agents needs nothing', 'drained', [], undefined],
  ])('%s', (_, wanted, agents, expected) => {
    const changes = changesAfter(scheduling(session, 'n1', wanted), answer(...agents));
    expect(changes.map(({ summary }) => summary)).toEqual(expected === undefined ? [] : [expected]);
  });

  it('tells Neutron who disabled an agent, and takes that back', () => {
    const [disabling] = changesAfter(scheduling(session, 'n1', 'drained'), answer(agent('L3 agent')));
    const [enabling] = changesAfter(scheduling(session, 'n1', 'ready'), answer(agent('L3 agent', DRAINED)));
    const put = { service: 'network', method: 'PUT', path: '/v2.0/agents/id-of-l3' };
    expect(requestsOf(disabling)).toEqual([
      { ...put, body: { agent: { admin_state_up: false, description: DRAINED } } },
    ]);
    expect(requestsOf(enabling)).toEqual([
      { ...put, body: { agent: { admin_state_up: true, description: '' } } },
    ]);
  });
});

describe('a network host that has left', () => {
  it('is forgotten by Neutron, with agents of every kind', () => {
    const agents = answer(agent('L3 agent'), agent('Linux bridge agent'));
    const [change] = changesAfter(forgotten(session, 'n1'), agents);
    expect(change?.summary).toBe('remove the agents of n1 (L3 agent, Linux bridge agent)');
    expect(requestsOf(change)).toEqual([
      { service: 'network', method: 'DELETE', path: '/v2.0/agents/id-of-l3' },
      { service: 'network', method: 'DELETE', path: '/v2.0/agents/id-of-linux' },
    ]);
  });

  it('that is forgotten already needs no change', () => {
    expect(changesAfter(forgotten(session, 'n1'), answer())).toEqual([]);
  });
});

describe('Neutron that gives no answer', () => {
  it.each([
    [
      'an error',
      { status: 503, error: 'no server is available' },
      'could not ask Neutron: no server is available',
    ],
    ['a status alone', { status: 403 }, 'could not ask Neutron: it answers 403'],
    ['another body', { status: 200, body: {} }, 'could not ask Neutron: it answers 200'],
  ])('is an error: %s', (_, said, message) => {
    expect(() => agentsIn(said)).toThrow(message);
    expect(() => changesAfter(forgotten(session, 'n1'), [said])).toThrow(message);
  });
});
