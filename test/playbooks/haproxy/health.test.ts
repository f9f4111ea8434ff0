import { describe, expect, it } from 'vitest';
import {
  parseStat,
  serversUp,
  vipsAnswer,
  type HaproxyState,
  type ServerState,
} from '../../../playbooks/haproxy/health.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import type { Takeover } from '../../../src/playbook/takeover.ts';
import { anInventory } from '../../support/inventory.ts';
import { database } from '../frontends.ts';

const { hosts, vips } = anInventory();

/** The state of a host without a cluster. */
const saying = (servers: readonly ServerState[] | undefined): HaproxyState => ({
  managed: false,
  ...(servers ? { servers } : {}),
});

describe('the health of HAProxy', () => {
  const table = (rows: readonly string[]): string =>
    ['# pxname,svname,status,check_status,check_code,', ...rows, ''].join('\n');
  const judged = (output: string) =>
    serversUp({ hosts, frontends: [database], vips, unit: 'haproxy', takeovers: [], taken: 'surely' })
      .judge(
        new Map<string, Answer<HaproxyState>>([
          ['controller1', { reachable: true, observed: saying(parseStat(output)) }],
        ]),
      )
      .map(({ subject, healthy, evidence }) => [subject, healthy, evidence]);

  it.each([
    [
      'every server is up',
      table([
        'database,controller1,UP,L7OK,200,',
        'database,controller2,UP,L7OK,200,',
        'database,controller3,UP,L7OK,200,',
      ]),
      ['servers of database', true, '3 of 3 up'],
    ],
    [
      'one server is not synced, and another one fails its checks',
      table([
        'database,controller1,UP 4/5,L7OK,200,',
        'database,controller2,DOWN,L7STS,503,',
        'database,controller3,UP,L7OK,200,',
      ]),
      ['servers of database', false, '2 of 3 up: controller2 DOWN L7STS 503'],
    ],
    [
      'the section is unknown',
      table([]),
      [
        'servers of database',
        false,
        '0 of 3 up: controller1 not known, controller2 not known, controller3 not known',
      ],
    ],
    ['nothing answers', '', ['HAProxy', false, 'not running']],
  ])('where %s', (_what, output, expected) => {
    expect(judged(output)).toEqual([expected]);
  });

  const onOne: Takeover = {
    unit: 'haproxy',
    hosts: ['controller1', 'controller2'],
    by: 'pacemaker',
    runsOn: 'one',
  };
  const runs = parseStat(
    table(['database,controller1,UP,,,', 'database,controller2,UP,,,', 'database,controller3,UP,,,']),
  );
  const exclusive: readonly (readonly [
    string,
    readonly (typeof runs)[],
    'perhaps' | 'surely',
    boolean,
    string,
  ])[] = [
    ['on one host', [undefined, runs], 'surely', true, 'running on controller2'],
    ['on none', [undefined, undefined], 'surely', false, 'not running on any host'],
    [
      'on none, before the cluster is formed',
      [undefined, undefined],
      'perhaps',
      true,
      'not running on any host: left to pacemaker',
    ],
    ['on two', [runs, runs], 'surely', false, 'running on controller1, controller2'],
  ];
  it.each(exclusive)(
    'counts the hosts if a cluster runs it on one: %s',
    (_what, states, taken, healthy, evidence) => {
      const options = { hosts, frontends: [database], vips, unit: 'haproxy', takeovers: [onOne], taken };
      const answers = states.map(
        (observed, index) =>
          [`controller${index + 1}`, { reachable: true as const, observed: saying(observed) }] as const,
      );
      const findings = serversUp(options).judge(new Map(answers));
      expect(findings.filter(({ subject }) => subject === 'HAProxy on one host')).toMatchObject([
        { healthy, evidence },
      ]);
      expect(findings.filter(({ host }) => host !== undefined).every((finding) => finding.healthy)).toBe(
        true,
      );
    },
  );

  it.each([
    ['is left to a cluster that already runs there', true, true, 'left to pacemaker'],
    ['is unhealthy where the cluster does not run yet', false, false, 'not running'],
  ])('HAProxy that does not run %s', (_what, managed, healthy, evidence) => {
    const everywhere: Takeover = { ...onOne, runsOn: 'all' };
    const options = { hosts, frontends: [database], vips, unit: 'haproxy', takeovers: [everywhere] };
    const answers = new Map([['controller1', { reachable: true as const, observed: { managed } }]]);
    const [finding] = serversUp({ ...options, taken: 'perhaps' }).judge(answers);
    expect(finding).toMatchObject({ healthy, evidence });
    expect(serversUp({ ...options, taken: 'surely' }).judge(answers)[0]?.healthy).toBe(false);
  });

  it('observes whether the cluster that takes over HAProxy runs', () => {
    const everywhere: Takeover = { ...onOne, runsOn: 'all' };
    const options = { hosts, frontends: [database], vips, unit: 'haproxy', takeovers: [everywhere] };
    const probe = serversUp({ ...options, taken: 'surely' }).probe(hosts[0]!);
    const answer = (stdout: string) => ({ stdout, stderr: '', exitCode: 0 });
    expect(probe.parse(answer('-- managed\n'))).toEqual({ managed: true });
    expect(probe.parse(answer(table(['database,controller1,UP,,,']))).managed).toBe(false);
    expect(probe.parse(answer(`-- managed\n${table(['database,controller1,UP,,,'])}`)).servers).toHaveLength(
      1,
    );
  });

  it('is good if every host gets an answer on a virtual IP', () => {
    const check = vipsAnswer(hosts, vips);
    const parse = (stdout: string) => check.probe(hosts[0]!).parse({ stdout, stderr: '', exitCode: 0 });
    const findings = check.judge(
      new Map([
        [
          'controller1',
          {
            reachable: true as const,
            observed: parse('api HTTP/1.0 200 OK\r\ndatabase HTTP/1.0 200 OK\r\n'),
          },
        ],
        ['controller2', { reachable: true as const, observed: parse('api HTTP/1.0 200 OK\r\ndatabase \n') }],
      ]),
    );
    expect(findings.map(({ subject, healthy, evidence }) => [subject, healthy, evidence])).toEqual([
      ['virtual IP api', true, 'HAProxy answers on 192.0.2.20'],
      ['virtual IP database', false, 'no answer on 192.0.2.21 from controller2'],
    ]);
  });
});

const frontend = { ...database, unit: 'keystone' };
const moving = { unit: 'keystone', by: 'pacemaker', runsOn: 'one' } as const;

function judgedAmong(
  statuses: readonly string[],
  takeovers: readonly Takeover[],
): readonly [boolean, string] {
  const servers = statuses.map((status, index): ServerState => ({
    section: 'database',
    server: `controller${index + 1}`,
    status,
    check: '',
  }));
  const [finding] = serversUp({
    ...{ hosts, frontends: [frontend], vips, unit: 'haproxy', takeovers, taken: 'surely' },
  }).judge(new Map([['controller1', { reachable: true, observed: { servers, managed: false } }]]));
  return [finding?.healthy ?? false, finding?.evidence ?? ''];
}

describe('servers between which a cluster moves a service', () => {
  const all: Takeover = { ...moving, hosts: ['controller1', 'controller2', 'controller3'] };
  const two: Takeover = { ...moving, hosts: ['controller1', 'controller2'] };
  const cases: readonly (readonly [string, readonly string[], readonly Takeover[], boolean, string])[] = [
    ['are healthy with one up', ['DOWN', 'UP', 'DOWN'], [all], true, '1 of 3 up, on controller2'],
    [
      'are healthy with one too many for a moment',
      ['UP', 'UP', 'DOWN'],
      [all],
      true,
      '2 of 3 up, on controller1 and controller2',
    ],
    [
      'are unhealthy with none up',
      ['DOWN', 'DOWN', 'DOWN'],
      [all],
      false,
      '0 of 3 up: controller1 DOWN, controller2 DOWN, controller3 DOWN',
    ],
    [
      'do not replace servers outside the cluster',
      ['UP', 'DOWN', 'DOWN'],
      [two],
      false,
      '1 of 3 up, on controller1: controller3 DOWN',
    ],
    [
      'all have to be up if the cluster runs the service on all',
      ['UP', 'DOWN', 'UP'],
      [{ ...all, runsOn: 'all' }],
      false,
      '2 of 3 up: controller2 DOWN',
    ],
    [
      'all have to be up if the cluster moves another unit',
      ['UP', 'DOWN', 'UP'],
      [{ ...all, unit: 'glance-api' }],
      false,
      '2 of 3 up: controller2 DOWN',
    ],
  ];
  it.each(cases)('%s', (_name, statuses, takeovers, healthy, evidence) => {
    expect(judgedAmong(statuses, takeovers)).toEqual([healthy, evidence]);
  });
});
