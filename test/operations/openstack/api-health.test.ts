import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  apiHealth,
  type Agent,
  type ApiAnswer,
  type ApiService,
  type ApiSession,
  type ApiState,
} from '../../../src/operations/openstack.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { aHost } from '../../support/inventory.ts';
import { folderForTest } from '../../support/temporary-folder.ts';
import { asked } from '../clusters.ts';
import { startCloud, type Cloud } from './cloud.ts';
import { told } from './findings.ts';
import { PATH, runMeanwhile } from './meanwhile.ts';
import { NOWHERE, password, sessionAt } from './sessions.ts';

const elsewhere = sessionAt('http://192.0.2.20:5000');
const hosts = [aHost('c1'), aHost('c2'), aHost('c3')];
const nova: ApiService = {
  title: 'Nova',
  type: 'compute',
  hosts,
  port: 8774,
  root: '/v2.1',
  asks: '/os-services',
  package: 'nova-api',
  agents: [{ kind: 'nova-compute', hosts: [aHost('k1')], unit: 'nova-compute' }],
};

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
    ...{ title: 'Keystone', type: 'identity', hosts, port: 5000, root: '/v3', package: 'keystone' },
  };
  const glance: ApiService = {
    ...{ title: 'Glance', type: 'image', port: 9292, root: '', asks: '/v2/images', package: 'glance-api' },
    hosts: hosts.slice(0, 1),
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
    const { script, input } = apiHealth(elsewhere, all, nova).probe(hosts[0]!);
    expect(script).not.toContain(password.reveal());
    expect(String(input)).not.toContain(password.reveal());
  });
});

describe('asking for real', () => {
  let folder: string;
  let cloud: Cloud;
  beforeEach(async () => {
    folder = folderForTest();
    const query = join(folder, 'dpkg-query');
    writeFileSync(
      query,
      `#!/bin/sh\ncase $4 in keystone) printf 2:22.0.2-0 ;; nova-api) printf 2:26.2.2-1 ;; *) exit 1 ;; esac\n`,
    );
    chmodSync(query, 0o755);
    cloud = await startCloud({
      others: ({ path }) =>
        path.endsWith('/os-services')
          ? {
              status: path.startsWith('/broken/') ? 500 : 200,
              body: { services: [{ binary: 'nova-compute', host: 'k1', state: 'up', status: 'enabled' }] },
            }
          : undefined,
    });
  });
  afterEach(async () => {
    await cloud.close();
  });

  const here = aHost('c1', { address: '127.0.0.1' });
  const port = (): number => Number(new URL(cloud.origin).port);
  const services = (root = '/own'): readonly [ApiService, ApiService] => [
    {
      ...{
        title: 'Keystone',
        type: 'identity',
        hosts: [here],
        port: port(),
        root: '/v3',
        package: 'keystone',
      },
    },
    { ...nova, hosts: [here], port: port(), root },
  ];

  /** The catalogue leads to Nova at this URL. */
  function catalogue(url: string): void {
    cloud.lists['services']?.push({ id: 's-compute', type: 'compute' });
    cloud.lists['endpoints']?.push({ id: 'n-1', service_id: 's-compute', interface: 'internal', url });
  }

  async function findings(
    session: ApiSession,
    all: readonly [ApiService, ApiService] = services(),
  ): Promise<readonly string[]> {
    const probe = apiHealth(session, all, all[0]).probe(here);
    const answer = await runMeanwhile(probe.script, probe.input, { PATH: `${folder}${delimiter}${PATH}` });
    expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
    // The other services' probes are the same, so that the answer is theirs too.
    const found = all.map((service) => {
      const check = apiHealth(session, all, service);
      const known: Answer<ApiState> = { reachable: true, observed: check.probe(here).parse(answer) };
      return check
        .judge(new Map([['c1', known]]))
        .map((one) => ({ ...one, evidence: one.evidence.replace(/\d+ ms/, 'N ms') }));
    });
    return found.map((of, index) => told(of).map((line) => `${all[index]?.title ?? ''}: ${line}`)).flat();
  }

  const KEYSTONE = 'Keystone: API on c1: 22.0.2, answers in N ms';
  const NOVA = 'Nova: API on c1: 26.2.2, answers in N ms';
  const KEYSTONE_VIP = 'Keystone: API at the virtual IP: answers in N ms';
  const NOVA_VIP = 'Nova: API at the virtual IP: answers in N ms';
  const ALIVE = 'Nova: nova-compute: 1 of 1 alive';

  it('finds each service, its own and at the virtual IP, and its agents', async () => {
    catalogue(`${cloud.origin}/vip`);
    expect(await findings(sessionAt(cloud.origin))).toEqual([KEYSTONE, KEYSTONE_VIP, NOVA, NOVA_VIP, ALIVE]);
  });

  it('names the service whose own API is broken, and no other', async () => {
    catalogue(`${cloud.origin}/vip`);
    const lines = await findings(sessionAt(cloud.origin), services('/broken'));
    expect(lines.filter((line) => line.includes('BAD'))).toEqual([
      expect.stringMatching(/^Nova: BAD API on c1: answers 500 .*\(port \d+\)$/) as string,
    ]);
  });

  it('names the service that is broken at the virtual IP, and no other', async () => {
    catalogue(NOWHERE);
    const lines = await findings(sessionAt(cloud.origin));
    expect(lines.filter((line) => line.includes('BAD'))).toEqual([
      expect.stringMatching(/^Nova: BAD API at the virtual IP: asked from c1: .*refused/) as string,
    ]);
  });

  it('sees that nobody can log in at the virtual IP, and asks on through a host of the control plane', async () => {
    catalogue(`${cloud.origin}/vip`);
    const session = { ...sessionAt(cloud.origin), authUrl: NOWHERE, otherUrls: [`${cloud.origin}/v3`] };
    expect(await findings(session)).toEqual([
      KEYSTONE,
      expect.stringMatching(/^Keystone: BAD API at the virtual IP: asked from c1: .*refused/) as string,
      NOVA,
      NOVA_VIP,
      ALIVE,
    ]);
  });

  it('says why nobody could log in at all', async () => {
    catalogue(`${cloud.origin}/vip`);
    const lines = await findings({ ...sessionAt(cloud.origin), authUrl: NOWHERE });
    expect(lines).toHaveLength(4);
    expect(lines.filter((line) => /BAD .*refused/.test(line))).toEqual(lines);
  });
});
