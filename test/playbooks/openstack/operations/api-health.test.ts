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
import { linesOf } from './findings.ts';
import { nova, password, sessionAt } from './sessions.ts';
import { aHost } from '../../../support/inventory.ts';

const elsewhere = sessionAt('http://192.0.2.20:5000');
describe('the health of an API', () => {
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
    ['is shown per host, with the version', [good, good], [well('c1'), well('c2'), VIP, ALIVE]],
    [
      'names the host with a failing API',
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
      'names the host with a stopped API',
      [said({ own: dead }), good],
      ['BAD API on c1: no answer: Connection refused (port 8774)', well('c2'), VIP, ALIVE],
    ],
    [
      'names the host from which the virtual IP failed',
      [good, said({ behindVip: { status: 503, body: 'No server is available' } })],
      [
        well('c1'),
        well('c2'),
        'BAD API at the virtual IP: asked from c2: answers 503 "No server is available"',
        ALIVE,
      ],
    ],
    [
      'omits agents if no host could list them',
      ['c1', 'c2'].map((): ApiState => ({ version: good.version, own: fine, behindVip: dead })),
      [well('c1'), well('c2'), 'BAD API at the virtual IP: asked from c1: no answer: Connection refused'],
    ],
    [
      'names a dead agent',
      [said({ agents: [{ ...compute, alive: false }] })],
      [well('c1'), VIP, 'BAD nova-compute on k1: no recent heartbeat'],
    ],
    [
      'names a missing agent',
      [said({ agents: [] })],
      [well('c1'), VIP, 'BAD nova-compute on k1: not in the list of agents'],
    ],
    [
      'mentions a disabled agent',
      [said({ agents: [{ ...compute, enabled: false }] })],
      [well('c1'), VIP, `${ALIVE}; disabled: k1`],
    ],
    [
      'gives the reason for an unreachable host, and the findings of the others',
      ['no route to host', good],
      ['BAD API on c1: no route to host', well('c2'), VIP, ALIVE],
    ],
    ['has only the reason if no host is reachable', ['timed out'], ['BAD API on c1: timed out']],
    [
      'shows the slowest response time',
      [good, said({ behindVip: { status: 200, ms: 700 } })],
      [well('c1'), well('c2'), 'API at the virtual IP: answers in 700 ms', ALIVE],
    ],
  ];
  it.each(cases)('%s', (_name, all, expected) => {
    const { answers } = asked('c', all, (state: ApiState): ApiState => state);
    expect(linesOf(apiHealth(elsewhere, [nova], nova).judge(answers))).toEqual(expected);
  });

  it("shows the version without Debian's epoch and revision", () => {
    const versions = ['2:26.2.2-1~deb12u3', '26.2.2', '1:2026.1.0~rc1-0+deb13u1'].map((version) => {
      const { answers } = asked('c', [said({ version })], (state: ApiState): ApiState => state);
      return linesOf(apiHealth(elsewhere, [nova], nova).judge(answers))[0];
    });
    const text = (version: string): string => `API on c1: ${version}, answers in 41 ms`;
    expect(versions).toEqual([text('26.2.2'), text('26.2.2'), text('2026.1.0~rc1')]);
  });

  it('has a hint', () => {
    const { answers } = asked('c', [said({ own: dead })], (state: ApiState): ApiState => state);
    expect(apiHealth(elsewhere, [nova], nova).judge(answers)[0]?.hint).toBe('check its log on c1');
  });
});

describe('the probes of several services on one host', () => {
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

  it('are identical, so that there is one login', () => {
    expect([...probes('c1')]).toHaveLength(1);
    expect([...probes('c2')]).toHaveLength(1);
  });

  it('omit services that do not run there', () => {
    expect([...probes('c1')].join()).toContain(':9292');
    expect([...probes('c2')].join()).not.toContain(':9292');
  });

  it('have the password only on stdin', () => {
    const { script, input } = apiHealth(elsewhere, all, nova).probe(nova.hosts[0]!);
    expect(script).not.toContain(password.reveal());
    expect(String(input)).not.toContain(password.reveal());
  });
});

describe('the agents in a response', () => {
  const cases: readonly (readonly [string, unknown, readonly Agent[] | undefined])[] = [
    [
      "are parsed from Nova's and Cinder's list, by their binary",
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
      "are parsed from Neutron's list, by their type",
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
    ['are none in an empty list', { services: [] }, []],
    ['are unknown in an error', { itemNotFound: { message: 'no such thing', code: 404 } }, undefined],
    ['are unknown in a text', '<html>busy</html>', undefined],
    ['are unknown in an empty response', null, undefined],
    ['are unknown without a response', undefined, undefined],
  ];
  it.each(cases)('%s', (_name, body, expected) => {
    expect(agentsOf(body)).toEqual(expected);
  });
});

describe('the findings about agents', () => {
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
    ['have one line per kind if all are alive', [first, second, compute], [alive, computeAlive]],
    [
      'name the host of a dead agent, and no others',
      [first, { ...second, alive: false }, compute],
      ['BAD nova-conductor on c2: no recent heartbeat', computeAlive],
    ],
    [
      'name the host of an agent that never reported',
      [first, second],
      [alive, 'BAD nova-compute on k1: not in the list of agents'],
    ],
    [
      'do not mistake an agent of another kind for it',
      [first, second, agent('nova-scheduler', 'k1')],
      [alive, 'BAD nova-compute on k1: not in the list of agents'],
    ],
    [
      'name every missing agent',
      [],
      [
        'BAD nova-conductor on c1: not in the list of agents',
        'BAD nova-conductor on c2: not in the list of agents',
        'BAD nova-compute on k1: not in the list of agents',
      ],
    ],
    [
      'mention a disabled agent, which is not unhealthy',
      [first, { ...second, enabled: false }, compute],
      [`${alive}; disabled: c2`, computeAlive],
    ],
    [
      'ignore unexpected agents',
      [first, second, compute, agent('nova-compute', 'old9', { alive: false })],
      [alive, computeAlive],
    ],
  ];
  it.each(cases)('%s', (_name, found, lines) => {
    expect(linesOf(agentFindings(expected, found))).toEqual(lines);
  });

  it('have a hint for that host', () => {
    const [found] = agentFindings(expected, [first, { ...second, alive: false }, compute]);
    expect(found?.hint).toBe('on c2, check its log and: systemctl status nova-conductor');
  });
});

describe('a check of reporting agents', () => {
  const hosts = [aHost('c1'), aHost('c2'), aHost('c3')];
  const list = {
    ...{ title: 'Nova', type: 'compute', path: '/os-services', from: hosts },
    agents: [{ kind: 'nova-compute', hosts: [aHost('k1')], unit: 'nova-compute' }],
  };
  const check = agentsAlive(sessionAt('http://192.0.2.20:5000'), list);
  type Heard = readonly Agent[] | ApiAnswer;
  const judged = (all: readonly (Heard | string)[]): readonly string[] => {
    const { answers }: Asked<Heard> = asked('c', all, (heard: Heard): Heard => heard);
    return linesOf(check.judge(answers));
  };
  const compute: Agent = { kind: 'nova-compute', host: 'k1', alive: true, enabled: true };

  const cases: readonly (readonly [string, readonly (Heard | string)[], readonly string[]])[] = [
    ['uses the first answer', [[compute], []], ['nova-compute: 1 of 1 alive']],
    [
      'queries from another host if one gets no answer',
      ['timed out', { status: 503 }, [compute]],
      ['nova-compute: 1 of 1 alive'],
    ],
    ['is unhealthy while an agent is missing', [[]], ['BAD nova-compute on k1: not in the list of agents']],
    [
      'reports the last error if no host gets an answer',
      ['timed out', { status: 503, error: 'no server' }],
      ['BAD agents: asked from c2: answers 503 no server'],
    ],
    ['reports the last error if no host is reachable', ['timed out'], ['BAD agents: c1: timed out']],
    ['reports that there is no host to query from', [], ['BAD agents: no host to query from']],
  ];
  it.each(cases)('%s', (_name, all, expected) => {
    expect(judged(all)).toEqual(expected);
  });

  it('parses the output of the probe', () => {
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
      'is healthy while its former host is still listed',
      [agent('c1', false), agent('c2', true)],
      'nova-conductor: alive on c2, one of c1, c2',
    ],
    [
      'is healthy if it never ran on the other host',
      [agent('c1', true)],
      'nova-conductor: alive on c1, one of c1, c2',
    ],
    [
      'is healthy just after it moved',
      [agent('c1', true), agent('c2', true)],
      'nova-conductor: alive on c1 and c2, one of c1, c2',
    ],
    [
      'is unhealthy without a recent heartbeat',
      [agent('c1', false), agent('k1', true)],
      'BAD nova-conductor: no recent heartbeat on any of c1, c2',
    ],
    ['is unhealthy if it is not listed', [], 'BAD nova-conductor: no recent heartbeat on any of c1, c2'],
  ];
  it.each(cases)('%s', (_name, found, line) => {
    expect(linesOf(agentFindings([expected], found))).toEqual([line]);
  });
});
