import { describe, expect, it } from 'vitest';
import {
  apiHealth,
  type Agent,
  type ApiAnswer,
  type ApiService,
  type ApiState,
} from '../../../../playbooks/openstack/operations/index.ts';
import { asSecretText } from '../../../../src/secrets/text.ts';
import { asked } from '../../../operations/clusters.ts';
import { nova } from '../../keystone/identity/desired.ts';
import { told } from './findings.ts';
import { password, sessionAt } from './sessions.ts';

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
      [well('c1'), VIP, 'BAD nova-compute on k1: has not reported of late'],
    ],
    [
      'names an agent that is missing',
      [said({ agents: [] })],
      [well('c1'), VIP, 'BAD nova-compute on k1: is not in the list of agents'],
    ],
    [
      'tells of an agent that was taken out',
      [said({ agents: [{ ...compute, enabled: false }] })],
      [well('c1'), VIP, `${ALIVE}; taken out: k1`],
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
    expect(apiHealth(elsewhere, [nova], nova).judge(answers)[0]?.hint).toBe('see its log on c1');
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
