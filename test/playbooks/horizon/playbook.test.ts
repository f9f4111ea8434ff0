import { describe, expect, it } from 'vitest';
import horizon from '../../../playbooks/horizon/playbook.ts';
import { dashboardAnswers, dashboardState, type DashboardState } from '../../../playbooks/horizon/health.ts';
import { tablesOfLogins, type LoginTables } from '../../../playbooks/horizon/logins.ts';
import { settings as openstackSettings } from '../../../playbooks/openstack/settings.ts';
import { siteOf } from '../../../playbooks/openstack/site.ts';
import type { Role } from '../../../src/inventory/types.ts';
import { platformOf } from '../../../src/platform/index.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { contextOf, operationsOn, placedFile, titlesOn } from '../context.ts';
import { database, servers } from '../frontends.ts';

const APACHE = '/etc/apache2/apache2.conf';
const SETTINGS = '/etc/openstack-dashboard/local_settings.d/_9000_osha.py';

const only = (...roles: Role[]) => ({ roles, controller: false });

function contextWith(haproxy: object = {}, own: object = {}, hosts = anInventory().hosts) {
  const openstack = openstackSettings.parse({ services: ['identity', 'dashboard'], workers: 1 });
  const secret = (name: string): Secret => new Secret(name, `value-of-${name}`);
  return contextOf(horizon, {
    inventory: anInventory({ hosts, settings: { openstack, haproxy } }),
    settings: own,
    secrets: {
      horizonKey: secret('horizonKey'),
      horizonDatabase: secret('horizonDatabase'),
      openstackAdmin: secret('openstackAdmin'),
    },
    frontends: [database, { ...database, name: 'broker', port: 5672, servers: servers(5672) }],
  });
}

/** The value of a Django setting in the file. */
function setting(name: string, ...given: Parameters<typeof contextWith>): string | undefined {
  const text = placedFile(horizon, contextWith(...given), 'controller2', SETTINGS) ?? '';
  return new RegExp(`^\\s*'?${name}'?(?: =|:) (.*?),?$`, 'm').exec(text)?.[1];
}

describe('the settings of the dashboard', () => {
  const tls = { tls: { api: { names: ['cloud.example.net', '*.cloud.example.net'] } } };

  it.each([
    [
      'keep sessions in the database, behind the caches',
      'SESSION_ENGINE',
      `'django.contrib.sessions.backends.cached_db'`,
    ],
    ['use the database at its virtual IP', 'HOST', `'192.0.2.21'`],
    ['list every cache', 'LOCATION', `['192.0.2.11:11211', '192.0.2.12:11211', '192.0.2.13:11211']`],
    ['tolerate a dead cache', 'ignore_exc', 'True'],
    ['log in at the virtual IP', 'OPENSTACK_KEYSTONE_URL', `'http://192.0.2.20:5000/v3'`],
    ['have the key shared by all hosts', 'SECRET_KEY', `'value-of-horizonKey'`],
    [
      'allow the virtual IP and the hosts as names',
      'ALLOWED_HOSTS',
      `['192.0.2.20', '192.0.2.11', '192.0.2.12', '192.0.2.13']`,
    ],
  ])('%s', (_, name, value) => {
    expect(setting(name)).toBe(value);
  });

  it('are the same on every host', () => {
    const [first, ...others] = ['controller1', 'controller2', 'controller3'].map((host) =>
      placedFile(horizon, contextWith(), host, SETTINGS),
    );
    expect(first).toContain('SECRET_KEY');
    expect(others).toEqual([first, first]);
  });

  it('are readable only by Apache', () => {
    const context = contextWith();
    const placed = operationsOn(horizon.steps(context), 'controller1', context).find(
      ({ places }) => places?.path === SETTINGS,
    );
    expect(placed?.places?.mode).toBe(0o640);
  });

  it('allow the names in the inventory and in the certificate', () => {
    const hosts = setting('ALLOWED_HOSTS', tls, { names: ['dashboard.example.net'] });
    expect(hosts).toContain(
      `['192.0.2.20', 'dashboard.example.net', 'cloud.example.net', '.cloud.example.net', `,
    );
  });

  it.each([
    ["trust HAProxy's header for TLS", 'SECURE_PROXY_SSL_HEADER', `('HTTP_X_FORWARDED_PROTO', 'https')`],
    ['restrict cookies to TLS', 'SESSION_COOKIE_SECURE', 'True'],
    ["trusts the deployment's CA", 'OPENSTACK_SSL_CACERT', `'/etc/osha/ca.pem'`],
    ['log in over TLS', 'OPENSTACK_KEYSTONE_URL', `'https://192.0.2.20:5000/v3'`],
  ])('%s, where the virtual IP speaks TLS', (_, name, value) => {
    expect(setting(name, tls)).toBe(value);
  });

  it('trust no such header without TLS, because clients could set it', () => {
    expect(setting('SECURE_PROXY_SSL_HEADER')).toBeUndefined();
    expect(setting('SESSION_COOKIE_SECURE')).toBeUndefined();
  });
});

describe('Apache', () => {
  const conf = (haproxy?: object): string =>
    placedFile(horizon, contextWith(haproxy), 'controller2', APACHE) ?? '';

  it("listens only on the host's own address, and loads no other site", () => {
    expect(conf().match(/^Listen .*$/gm)).toEqual(['Listen 192.0.2.12:80']);
    expect(conf().match(/^ *Include.*$/gm)).toEqual([
      'IncludeOptional mods-enabled/*.load',
      'IncludeOptional mods-enabled/*.conf',
      'IncludeOptional conf-enabled/*.conf',
    ]);
  });

  it('runs as many processes as the OpenStack services', () => {
    expect(conf()).toContain(' processes=1 ');
  });

  it.each([
    ['http', {}],
    ['https', { tls: { api: {} } }],
  ])('sends clients on by %s, as they came', (scheme, haproxy) => {
    expect(conf(haproxy)).toContain(`ServerName ${scheme}://192.0.2.20\n`);
  });
});

describe('the frontends of the dashboard', () => {
  const ports = (haproxy: object): readonly unknown[] =>
    (horizon.frontends?.(contextWith(haproxy)) ?? []).map(({ name, port, servers: all, redirectToHttps }) => [
      name,
      port,
      redirectToHttps ?? all.map((server) => `${server.host}:${server.port}`).join(' '),
    ]);

  const everyHost = 'controller1:80 controller2:80 controller3:80';

  it.each([
    ['are on port 80', {}, [['dashboard', 80, everyHost]]],
    [
      'are on port 443 with TLS, with a redirect from port 80',
      { tls: { api: {} } },
      [
        ['dashboard', 443, everyHost],
        ['dashboard-plain', 80, true],
      ],
    ],
    [
      'are on port 80 if only another virtual IP has TLS',
      { tls: { database: {} } },
      [['dashboard', 80, everyHost]],
    ],
  ])('is %s', (_, haproxy, expected) => {
    expect(ports(haproxy)).toEqual(expected);
  });

  it('check a page that need not be rendered', () => {
    expect(horizon.frontends?.(contextWith())[0]?.check).toEqual({ httpPath: '/horizon/' });
  });
});

describe('hosts of the dashboard', () => {
  const hosts = [
    aHost('web1', only('dashboard')),
    aHost('base1', only('database', 'cache', 'messaging', 'loadbalancer')),
    aHost('control1', only('control')),
  ];

  it('are those with that role, plus the database hosts', () => {
    const context = contextWith({}, {}, hosts);
    expect(context.hosts.map(({ name }) => name)).toEqual(['web1', 'base1']);
    expect(titlesOn(horizon, context, 'base1')).toEqual(['database horizon', 'database user horizon']);
    expect(titlesOn(horizon, context, 'web1')).toContain(SETTINGS);
    expect(titlesOn(horizon, context, 'web1')).not.toContain('database horizon');
    expect(horizon.morePorts?.(context)).toEqual([{ port: 80, process: 'apache2', hosts: ['web1'] }]);
  });

  it('are none without the dashboard', () => {
    const openstack = openstackSettings.parse({ services: ['identity'] });
    expect(horizon.hosts(anInventory({ settings: { openstack } }))).toEqual([]);
  });

  it('are required with the dashboard', () => {
    const problems = (given = hosts): readonly unknown[] =>
      (horizon.validate?.(contextWith({}, {}, given).inventory, { names: [] }) ?? []).map(
        ({ severity, message }) => [severity, message],
      );
    expect(problems()).toEqual([]);
    expect(problems(hosts.slice(1))).toEqual([
      ['error', 'the dashboard needs a host with the role dashboard'],
    ]);
  });
});

describe('the session table', () => {
  const tables = tablesOfLogins(siteOf(contextWith()), new Secret('horizonDatabase', 'unguessable'));
  const observed = (known: readonly string[], done: readonly string[]): LoginTables => ({ known, done });

  it.each([
    ['is left alone if it is current', observed(['0001_initial'], ['0001_initial']), []],
    [
      'is created if it is missing',
      observed(['0001_initial'], []),
      ['create the tables of horizon: 0001_initial'],
    ],
    [
      'is migrated if the package is newer',
      observed(['0001_initial', '0002_more'], ['0001_initial']),
      ['migrate the tables of horizon: 0002_more'],
    ],
    ['is left alone if the package is older', observed(['0001_initial'], ['0001_initial', '0002_more']), []],
  ])('%s', (_, state, expected) => {
    expect(tables.decide(state).map(({ summary }) => summary)).toEqual(expected);
  });

  it('cannot be probed without the package', () => {
    expect(() => tables.probe.parse({ stdout: 'done 0001_initial\n', stderr: '', exitCode: 0 })).toThrow(
      'is the package installed?',
    );
  });

  it('is probed without the password in the script', () => {
    expect(tables.probe.script).not.toContain('unguessable');
    expect(tables.probe.input && asSecretText(tables.probe.input).reveal()).toContain(
      'password=unguessable\n',
    );
  });

  it('is parsed from the output about the package and the database', () => {
    expect(
      tables.probe.parse({ stdout: 'known 0001_initial\ndone 0001_initial\n', stderr: '', exitCode: 0 }),
    ).toEqual(observed(['0001_initial'], ['0001_initial']));
  });
});

describe('the health of the dashboard', () => {
  const { hosts } = anInventory();
  const check = dashboardAnswers(hosts, platformOf('debian-12'));

  it.each([
    ['200 0.0214 302 3:23.0.0-5+deb12u2', true, 'login page: 23.0.0, answers in 21 ms'],
    ['000 0.000 000 3:23.0.0-5+deb12u2', false, 'login page: no answer on port 80'],
    ['500 0.1 500 3:23.0.0-5+deb12u2', false, 'login page: answers 500 on port 80'],
    ['200 0.02 500 3:23.0.0-5+deb12u2', false, 'logins: lookup failed: answers 500'],
  ])('is read from "%s"', (output, healthy, told) => {
    const answers = new Map<string, Answer<DashboardState>>([
      ['controller1', { reachable: true, observed: dashboardState(output) }],
    ]);
    const findings = check.judge(answers);
    expect(findings.every((finding) => finding.healthy)).toBe(healthy);
    expect(findings.map(({ subject, evidence }) => `${subject}: ${evidence}`)).toContain(told);
  });

  it('names an unreachable host', () => {
    const findings = check.judge(new Map([['controller3', { reachable: false, reason: 'timed out' }]]));
    expect(findings).toMatchObject([{ host: 'controller3', healthy: false, evidence: 'timed out' }]);
  });
});
