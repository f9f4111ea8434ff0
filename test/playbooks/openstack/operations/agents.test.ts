import { describe, expect, it } from 'vitest';
import {
  agentFindings,
  agentsAlive,
  agentsOf,
  type Agent,
  type ApiAnswer,
  type ExpectedAgent,
} from '../../../../playbooks/openstack/operations/index.ts';
import { aHost } from '../../../support/inventory.ts';
import { asked, type Asked } from '../../../operations/clusters.ts';
import { told } from './findings.ts';
import { sessionAt } from './sessions.ts';

describe('the agents in an answer', () => {
  const cases: readonly (readonly [string, unknown, readonly Agent[] | undefined])[] = [
    [
      "are those of Nova's and Cinder's list, by their binary",
      {
        services: [
          { binary: 'nova-conductor', host: 'c1', state: 'up', status: 'enabled' },
          { binary: 'nova-compute', host: 'k1', state: 'down', status: 'disabled' },
        ],
      },
      [
        { kind: 'nova-conductor', host: 'c1', alive: true, enabled: true },
        { kind: 'nova-compute', host: 'k1', alive: false, enabled: false },
      ],
    ],
    [
      "are those of Neutron's list, by their type",
      {
        agents: [
          {
            binary: 'neutron-l3-agent',
            agent_type: 'L3 agent',
            host: 'n1',
            alive: true,
            admin_state_up: true,
          },
          {
            binary: 'neutron-dhcp-agent',
            agent_type: 'DHCP agent',
            host: 'n2',
            alive: false,
            admin_state_up: false,
          },
        ],
      },
      [
        { kind: 'L3 agent', host: 'n1', alive: true, enabled: true },
        { kind: 'DHCP agent', host: 'n2', alive: false, enabled: false },
      ],
    ],
    ['are none where the list is empty', { services: [] }, []],
    ['cannot be known from an error', { itemNotFound: { message: 'no such thing', code: 404 } }, undefined],
    ['cannot be known from a text', '<html>busy</html>', undefined],
    ['cannot be known from an empty answer', null, undefined],
    ['cannot be known where there was no answer', undefined, undefined],
  ];
  it.each(cases)('%s', (_name, body, expected) => {
    expect(agentsOf(body)).toEqual(expected);
  });
});

describe('what is said of agents', () => {
  const expected: readonly ExpectedAgent[] = [
    { kind: 'nova-conductor', hosts: [aHost('c1'), aHost('c2')], unit: 'nova-conductor' },
    { kind: 'nova-compute', hosts: [aHost('k1')], unit: 'nova-compute' },
  ];
  const agent = (kind: string, host: string, given: Partial<Agent> = {}): Agent => ({
    kind,
    host,
    alive: true,
    enabled: true,
    ...given,
  });
  const [first, second, compute] = [
    agent('nova-conductor', 'c1'),
    agent('nova-conductor', 'c2'),
    agent('nova-compute', 'k1'),
  ];
  const alive = 'nova-conductor: 2 of 2 alive';
  const computeAlive = 'nova-compute: 1 of 1 alive';

  const cases: readonly (readonly [string, readonly Agent[], readonly string[]])[] = [
    ['is one line for each kind whose agents are all alive', [first, second, compute], [alive, computeAlive]],
    [
      'names the host of one that is silent, and not those that are well',
      [first, { ...second, alive: false }, compute],
      ['BAD nova-conductor on c2: has not reported of late', computeAlive],
    ],
    [
      'names the host of one that never reported',
      [first, second],
      [alive, 'BAD nova-compute on k1: is not in the list of agents'],
    ],
    [
      'takes no agent of another kind for it',
      [first, second, agent('nova-scheduler', 'k1')],
      [alive, 'BAD nova-compute on k1: is not in the list of agents'],
    ],
    [
      'names every one that is missing',
      [],
      [
        'BAD nova-conductor on c1: is not in the list of agents',
        'BAD nova-conductor on c2: is not in the list of agents',
        'BAD nova-compute on k1: is not in the list of agents',
      ],
    ],
    [
      'tells that an operator took one out, which is no fault',
      [first, { ...second, enabled: false }, compute],
      [`${alive}; taken out: c2`, computeAlive],
    ],
    [
      'leaves agents alone that nobody expects',
      [first, second, compute, agent('nova-compute', 'old9', { alive: false })],
      [alive, computeAlive],
    ],
  ];
  it.each(cases)('%s', (_name, found, lines) => {
    expect(told(agentFindings(expected, found))).toEqual(lines);
  });

  it('says what to look at on that host', () => {
    const [found] = agentFindings(expected, [first, { ...second, alive: false }, compute]);
    expect(found?.hint).toBe('"systemctl status nova-conductor" on c2, and its log');
  });
});

describe('agents that a service hears of', () => {
  const hosts = [aHost('c1'), aHost('c2'), aHost('c3')];
  const list = {
    ...{ title: 'Nova', type: 'compute', path: '/os-services', from: hosts },
    agents: [{ kind: 'nova-compute', hosts: [aHost('k1')], unit: 'nova-compute' }],
  };
  const check = agentsAlive(sessionAt('http://192.0.2.20:5000'), list);
  type Heard = readonly Agent[] | ApiAnswer;
  const judged = (all: readonly (Heard | string)[]): readonly string[] => {
    const { answers }: Asked<Heard> = asked('c', all, (heard: Heard): Heard => heard);
    return told(check.judge(answers));
  };
  const compute: Agent = { kind: 'nova-compute', host: 'k1', alive: true, enabled: true };

  const cases: readonly (readonly [string, readonly (Heard | string)[], readonly string[]])[] = [
    ['are those of the first host that knows', [[compute], []], ['nova-compute: 1 of 1 alive']],
    [
      'are asked of another host where one does not answer',
      ['timed out', { status: 503 }, [compute]],
      ['nova-compute: 1 of 1 alive'],
    ],
    ['are waited for where one is missing', [[]], ['BAD nova-compute on k1: is not in the list of agents']],
    [
      'are not known where no host gets an answer',
      ['timed out', { status: 503, error: 'no server' }],
      ['BAD agents: asked from c2: answers 503 no server'],
    ],
    ['are not known where no host is up', ['timed out'], ['BAD agents: c1: timed out']],
    ['are not known where there is no host', [], ['BAD agents: no host could be asked']],
  ];
  it.each(cases)('%s', (_name, all, expected) => {
    expect(judged(all)).toEqual(expected);
  });

  it('are understood from what the probe printed', () => {
    const probe = check.probe(hosts[0]!);
    const parse = (stdout: string): Heard => probe.parse({ stdout, stderr: '', exitCode: 0 });
    const services = [{ binary: 'nova-compute', host: 'k1', state: 'up', status: 'enabled' }];
    const login = JSON.stringify({ status: 201 });
    expect(parse(`${login}\n${JSON.stringify({ status: 200, body: { services } })}\n`)).toEqual([compute]);
    expect(parse(`${login}\n${JSON.stringify({ status: 500, body: null })}\n`)).toMatchObject({
      status: 500,
    });
    expect(parse(JSON.stringify({ status: 401, error: 'no' }))).toEqual({ status: 401, error: 'no' });
  });
});
