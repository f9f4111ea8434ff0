import { describe, expect, it } from 'vitest';
import {
  type ApiService,
  type ApiState,
  apiHealth,
  type Agent,
  agentsAlive,
  type ExpectedAgent,
  agentFindings,
  agentsOf,
} from '../../../../playbooks/openstack/operations/api-health.ts';
import type { ApiAnswer } from '../../../../playbooks/openstack/operations/api-session.ts';
import { asSecretText } from '../../../../src/secrets/text.ts';
import { asked, type Asked } from '../../../operations/clusters.ts';
import { told } from './findings.ts';
import { nova, password, sessionAt } from './sessions.ts';
import { aHost } from '../../../support/inventory.ts';

const elsewhere = sessionAt('http://192.0.2.20:5000');
describe('how an API is', () => {
  const fine: ApiAnswer = { status: 200, ms: 41 };
  const compute: Agent = { kind: 'nova-compute', host: 'k1', alive: true, enabled: true };
  const good: ApiState = { version: '2:26.2.2-1~deb12u3', own: fine, behindVip: fine, agents: [compute] };
  const said = (given: Partial<ApiState>): ApiState => ({ ...good, ...given });

  const well = (host: string): string => `API on ${host}: 26.2.2, answers in 41 ms`;
  const VIP = 'API at the virtual IP: answers in 41 ms';
  const ALIVE = 'nova-compute: 1 of 1 alive';
  const broken: ApiAnswer = { status: 500, body: { computeFault: { message: 'no database' } } };
  const dead: ApiAnswer = { status: 0, error: 'Connection refused', ms: 3 };

  const cases: readonly (readonly [string, readonly (ApiState | string)[], readonly string[]])[] = [
    ['is told of each host, with its version', [good, good], [well('c1'), well('c2'), VIP, ALIVE]],
    [
      'names the host whose own API is broken',
      [good, said({ own: broken }), good],
      [
        well('c1'),
        'BAD API on c2: answers 500 {"computeFault":{"message":"no database"}} (port 8774)',
        well('c3'),
        VIP,
        ALIVE,
      ],
    ],
    [
      'names the host whose own API is not there',
      [said({ own: dead }), good],
      ['BAD API on c1: no answer: Connection refused (port 8774)', well('c2'), VIP, ALIVE],
    ],
    [
      'says from where the virtual IP was asked, where it does not answer',
      [good, said({ behindVip: { status: 503, body: 'No server is available' } })],
      [
        well('c1'),
        well('c2'),
        'BAD API at the virtual IP: asked from c2: answers 503 "No server is available"',
        ALIVE,
      ],
    ],
    [
      'knows nothing of agents where nobody could ask for them',
      ['c1', 'c2'].map((): ApiState => ({ version: good.version, own: fine, behindVip: dead })),
      [well('c1'), well('c2'), 'BAD API at the virtual IP: asked from c1: no answer: Connection refused'],
    ],
    [
      'names an agent that is dead',
      [said({ agents: [{ ...compute, alive: false }] })],
      [well('c1'), VIP, 'BAD nova-compute on k1: no recent heartbeat'],
    ],
    [
      'names an agent that is missing',
      [said({ agents: [] })],
      [well('c1'), VIP, 'BAD nova-compute on k1: not in the list of agents'],
    ],
    [
      'tells of an agent that was taken out',
      [said({ agents: [{ ...compute, enabled: false }] })],
      [well('c1'), VIP, `${ALIVE}; disabled: k1`],
    ],
    [
      'says why a host could not be asked, and what the others know',
      ['no route to host', good],
      ['BAD API on c1: no route to host', well('c2'), VIP, ALIVE],
    ],
    ['says no more than that where no host could be asked', ['timed out'], ['BAD API on c1: timed out']],
    [
      'tells how long the slowest took',
      [good, said({ behindVip: { status: 200, ms: 700 } })],
      [well('c1'), well('c2'), 'API at the virtual IP: answers in 700 ms', ALIVE],
    ],
  ];
  it.each(cases)('%s', (_name, all, expected) => {
    const { answers } = asked('c', all, (state: ApiState): ApiState => state);
    expect(told(apiHealth(elsewhere, [nova], nova).judge(answers))).toEqual(expected);
  });

  it("tells a version without Debian's own parts", () => {
    const versions = ['2:26.2.2-1~deb12u3', '26.2.2', '1:2026.1.0~rc1-0+deb13u1'].map((version) => {
      const { answers } = asked('c', [said({ version })], (state: ApiState): ApiState => state);
      return told(apiHealth(elsewhere, [nova], nova).judge(answers))[0];
    });
    const text = (version: string): string => `API on c1: ${version}, answers in 41 ms`;
    expect(versions).toEqual([text('26.2.2'), text('26.2.2'), text('2026.1.0~rc1')]);
  });

  it('says where to look', () => {
    const { answers } = asked('c', [said({ own: dead })], (state: ApiState): ApiState => state);
    expect(apiHealth(elsewhere, [nova], nova).judge(answers)[0]?.hint).toBe('check its log on c1');
  });
});

describe('asking several services of one host', () => {
  const keystone: ApiService = {
    ...{
      title: 'Keystone',
      type: 'identity',
      hosts: nova.hosts,
      port: 5000,
      root: '/v3',
      package: 'keystone',
    },
  };
  const glance: ApiService = {
    ...{ title: 'Glance', type: 'image', port: 9292, root: '', asks: '/v2/images', package: 'glance-api' },
    hosts: nova.hosts.slice(0, 1),
  };
  const all = [keystone, glance, nova];
  const probes = (name: string): ReadonlySet<string> =>
    new Set(
      all.flatMap((service) => {
        const host = service.hosts.find((one) => one.name === name);
        const probe = host && apiHealth(elsewhere, all, service).probe(host);
        return probe ? [`${probe.script}\n${asSecretText(probe.input ?? '').reveal()}`] : [];
      }),
    );

  it('is one script with one input, so that there is one login', () => {
    expect([...probes('c1')]).toHaveLength(1);
    expect([...probes('c2')]).toHaveLength(1);
  });

  it('leaves out what does not run there', () => {
    expect([...probes('c1')].join()).toContain(':9292');
    expect([...probes('c2')].join()).not.toContain(':9292');
  });

  it('has the password on stdin alone', () => {
    const { script, input } = apiHealth(elsewhere, all, nova).probe(nova.hosts[0]!);
    expect(script).not.toContain(password.reveal());
    expect(String(input)).not.toContain(password.reveal());
  });
});

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
      ['BAD nova-conductor on c2: no recent heartbeat', computeAlive],
    ],
    [
      'names the host of one that never reported',
      [first, second],
      [alive, 'BAD nova-compute on k1: not in the list of agents'],
    ],
    [
      'takes no agent of another kind for it',
      [first, second, agent('nova-scheduler', 'k1')],
      [alive, 'BAD nova-compute on k1: not in the list of agents'],
    ],
    [
      'names every one that is missing',
      [],
      [
        'BAD nova-conductor on c1: not in the list of agents',
        'BAD nova-conductor on c2: not in the list of agents',
        'BAD nova-compute on k1: not in the list of agents',
      ],
    ],
    [
      'tells that an operator took one out, which is no fault',
      [first, { ...second, enabled: false }, compute],
      [`${alive}; disabled: c2`, computeAlive],
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
    expect(found?.hint).toBe('on c2, check its log and: systemctl status nova-conductor');
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
    ['are waited for where one is missing', [[]], ['BAD nova-compute on k1: not in the list of agents']],
    [
      'are not known where no host gets an answer',
      ['timed out', { status: 503, error: 'no server' }],
      ['BAD agents: asked from c2: answers 503 no server'],
    ],
    ['are not known where no host is up', ['timed out'], ['BAD agents: c1: timed out']],
    ['are not known where there is no host', [], ['BAD agents: no host to query from']],
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

describe('an agent that a cluster runs on one host at a time', () => {
  const expected = {
    ...{ kind: 'nova-conductor', unit: 'nova-conductor', one: true as const },
    hosts: [aHost('c1'), aHost('c2')],
  };
  const agent = (host: string, alive: boolean): Agent => ({
    ...{ kind: 'nova-conductor', host, alive, enabled: true },
  });
  const cases: readonly (readonly [string, readonly Agent[], string])[] = [
    [
      'is well where the one that it left is in the list still',
      [agent('c1', false), agent('c2', true)],
      'nova-conductor: alive on c2, one of c1, c2',
    ],
    [
      'is well where it never ran on the other',
      [agent('c1', true)],
      'nova-conductor: alive on c1, one of c1, c2',
    ],
    [
      'is well where it left the other a moment ago',
      [agent('c1', true), agent('c2', true)],
      'nova-conductor: alive on c1 and c2, one of c1, c2',
    ],
    [
      'is not where none reports',
      [agent('c1', false), agent('k1', true)],
      'BAD nova-conductor: no recent heartbeat on any of c1, c2',
    ],
    ['is not where there is none', [], 'BAD nova-conductor: no recent heartbeat on any of c1, c2'],
  ];
  it.each(cases)('%s', (_name, found, line) => {
    expect(told(agentFindings([expected], found))).toEqual([line]);
  });
});
