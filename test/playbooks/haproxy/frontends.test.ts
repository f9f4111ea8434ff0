import { describe, expect, it } from 'vitest';
import haproxy from '../../../playbooks/haproxy/playbook.ts';
import { parseStat } from '../../../playbooks/haproxy/health.ts';
import { checkInventory } from '../../../src/inventory/load.ts';
import type { HealthCheck } from '../../../src/playbook/operation.ts';
import { contextOf, placedFile } from '../context.ts';
import type { Frontend } from '../../../src/playbook/playbook.ts';

const CONF = '/etc/haproxy/haproxy.cfg';

describe('a frontend of the inventory', () => {
  const frontends = {
    registry: {
      ...{ vip: 'api', port: 5443, servers: ['controller2', 'controller'], server_port: 5000 },
      ...{ active: 'single', check_path: '/v2/', check_port: 5001, idle_seconds: 900 },
    },
  };

  it('is rendered with those of playbooks', () => {
    const text = placedFile(haproxy, contextOf(haproxy, { settings: { frontends } }), 'controller1', CONF);
    expect(text).toContain(`listen registry
    bind 192.0.2.20:5443
    mode http
    balance source
    option httplog
    option forwardfor
    option httpchk GET /v2/
    timeout client 900000ms
    timeout server 900000ms
    server controller2 192.0.2.12:5000 check port 5001 inter 2s fastinter 1s downinter 2s rise 2 fall 5 on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions
    server controller1 192.0.2.11:5000 check port 5001 inter 2s fastinter 1s downinter 2s rise 2 fall 5 backup on-marked-down shutdown-sessions
    server controller3 192.0.2.13:5000 check port 5001 inter 2s fastinter 1s downinter 2s rise 2 fall 5 backup on-marked-down shutdown-sessions
`);
  });

  const other: Frontend = {
    ...{ name: 'identity', vip: 'api', port: 5443, mode: 'http', balance: 'source', active: 'all' },
    servers: [],
  };
  it.each([
    ['port', other, 'identity and registry both use port 5443 of api'],
    ['name', { ...other, name: 'registry', port: 1 }, 'two frontends are called registry'],
  ])('is refused on the %s of one of a playbook', (_what, given, reason) => {
    const context = contextOf(haproxy, { settings: { frontends }, frontends: [given] });
    const [first] = haproxy.steps(context);
    expect(first?.kind === 'cluster' && first.operation.decide(new Map())).toMatchObject({
      verdict: 'refuse',
      reason,
    });
  });
});

it('HAProxy does not wait for servers of a later phase, but "status" checks them', () => {
  const server = { host: 'controller1', address: '192.0.2.11', port: 1 };
  const frontend = (name: string, port: number): Frontend => ({
    ...{ name, vip: 'api', port, mode: 'tcp', balance: 'source', active: 'all', servers: [server] },
  });
  const context = contextOf(haproxy, {
    frontends: [frontend('now', 1), { ...frontend('then', 2), later: true }],
  });
  const subjects = (check: HealthCheck | undefined) => {
    const observed = { managed: false, servers: parseStat('# pxname,svname,status,\nnow,controller1,UP,\n') };
    const answers = new Map([['controller1', { reachable: true as const, observed }]]);
    return check?.judge(answers).map(({ subject, healthy }) => `${subject}: ${healthy}`);
  };
  const verified = haproxy.steps(context).find((step) => step.kind === 'verify');
  expect(subjects(verified?.check)).toEqual(['servers of now: true']);
  expect(subjects(haproxy.health?.(context)[0])).toEqual(['servers of now: true', 'servers of then: false']);
});

describe('an inventory whose only virtual IP is that of users', () => {
  const text = (roles: string, more = ''): string =>
    `name: prod\nhosts:\n  a: { address: 192.0.2.11, roles: [${roles}] }\nvips:\n  api: { address: 192.0.2.20/24, interface: eth0 }\n${more}`;
  const problems = (...given: Parameters<typeof text>): readonly string[] =>
    checkInventory('inventory.yaml', text(...given), {
      playbooks: [haproxy],
      platforms: ['debian-12'],
    })
      .problems.filter(({ severity }) => severity === 'error')
      .map(({ line, column, message, hint }) => `${line}:${column} ${message}; ${hint ?? ''}`);

  it('is refused if it has a database or a broker, with a hint', () => {
    const expected =
      /^5:3 users reach api, and there is no other virtual IP .*vips: \{ internal: .*haproxy: \{ internal_vip: api \}$/;
    expect(problems('loadbalancer, database')).toEqual([expect.stringMatching(expected)]);
    expect(problems('loadbalancer, messaging')).toEqual([expect.stringMatching(expected)]);
  });

  it('is accepted if services share it explicitly, or if nothing is internal', () => {
    expect(problems('loadbalancer, database', 'haproxy: { internal_vip: api }\n')).toEqual([]);
    expect(problems('loadbalancer')).toEqual([]);
  });

  it('is refused with an internal_vip that does not exist', () => {
    expect(problems('loadbalancer, database', 'haproxy: { internal_vip: apo }\n')).toEqual([
      '6:26 there is no virtual IP "apo"; write one of api',
    ]);
  });
});

/** Problems in the haproxy key of an inventory, as LINE:COLUMN from its first line. */
function problemsOf(section: string): readonly string[] {
  const head = `name: prod
hosts:
  controller1: { address: 192.0.2.11, roles: [controller] }
  controller2: { address: 192.0.2.12, roles: [controller] }
  controller3: { address: 192.0.2.13, roles: [controller] }
vips:
  api: { address: 192.0.2.20/24, interface: eth0 }
  database: { address: 192.0.2.21/24, interface: eth0 }
  group: { address: 192.0.2.22/24, interface: eth0, haproxy: false }
`;
  const loaded = checkInventory('inventory.yaml', head + section, {
    playbooks: [haproxy],
    platforms: ['debian-12'],
  });
  expect(loaded.problems.every((problem) => problem.hint !== undefined)).toBe(true);
  return loaded.problems.map(({ line, column, message }) => `${line - 9}:${column} ${message}`);
}

describe('mistakes under haproxy', () => {
  const mine = (frontends: string, tls = '{ api: {} }'): string =>
    `haproxy:\n  tls: ${tls}\n  frontends:\n${frontends}`;
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['none', mine('    a: { vip: api, port: 80, redirect_to_https: true }\n'), []],
    [
      'an unknown virtual IP',
      mine('    a: { vip: apo, port: 80, servers: [controller] }\n', '{ apo: {} }'),
      ['2:10 there is no virtual IP "apo"', '4:15 there is no virtual IP "apo"'],
    ],
    [
      'an unknown server',
      mine('    a: { vip: api, port: 80, servers: [controler1] }\n'),
      ['4:39 "controler1" is neither a host nor a role'],
    ],
    [
      'a virtual IP without HAProxy',
      'haproxy:\n  tls: { group: {} }\n  frontends:\n    a: { vip: group, port: 80, servers: [controller] }\n',
      [
        '2:10 HAProxy does not listen on group (haproxy: false)',
        '4:15 HAProxy does not listen on group (haproxy: false)',
      ],
    ],
    ['no servers', mine('    a: { vip: api, port: 80 }\n'), ['4:8 there are no servers']],
    [
      "HAProxy's own port",
      mine('    a: { vip: database, port: 1080, servers: [controller] }\n'),
      ["4:31 port 1080 of every virtual IP is used by HAProxy's statistics page"],
    ],
    [
      'the same port twice',
      mine(
        '    a: { vip: api, port: 80, servers: [controller] }\n    b: { vip: api, port: 80, servers: [controller] }\n    c: { vip: database, port: 80, servers: [controller] }\n',
      ),
      ['5:26 port 80 of api is already used by a'],
    ],
    [
      'a port with TLS',
      mine('    a: { vip: api, port: 443, mode: tcp, servers: [controller] }\n'),
      ['4:26 HAProxy terminates TLS on port 443 of api'],
    ],
    [
      'a redirect to a virtual IP without TLS',
      mine('    a: { vip: database, port: 80, redirect_to_https: true }\n'),
      ['4:54 cannot redirect to HTTPS: database has no TLS'],
    ],
    [
      'servers of a frontend that redirects',
      mine('    a: { vip: api, port: 80, redirect_to_https: true, servers: [controller] }\n'),
      ['4:49 a frontend that redirects every client cannot have servers'],
    ],
    [
      'a reserved name',
      mine('    stats: { vip: api, port: 80, servers: [controller] }\n'),
      ['4:5 "stats" cannot be the name of a frontend'],
    ],
    [
      'a certificate without its key',
      'haproxy:\n  tls:\n    api: { certificate: ./api.pem }\n',
      ['3:25 a certificate without its key'],
    ],
    [
      'missing files, with days for them',
      'haproxy:\n  tls:\n    api: { certificate: ./no.pem, key: ./no.key, days: 9 }\n',
      [
        '3:25 no such file: ./no.pem',
        '3:40 no such file: ./no.key',
        "3:56 days applies only to certificates from osha's CA",
      ],
    ],
    [
      'certificates that would be renewed at once',
      'haproxy:\n  tls:\n    api: { days: 30 }\n    database: { renew_days: 400 }\n',
      [
        '3:18 a certificate of 30 days would be renewed at every deployment: renew_days is 30',
        '4:29 a certificate of 397 days would be renewed at every deployment: renew_days is 400',
      ],
    ],
  ];
  it.each(cases)('are told at their place: %s', (_what, section, expected) => {
    expect(problemsOf(section)).toEqual(expected);
  });
});
