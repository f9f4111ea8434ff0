import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import haproxy from '../../../playbooks/haproxy/playbook.ts';
import type { Vip } from '../../../src/inventory/types.ts';
import type { Takeover } from '../../../src/playbook/takeover.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { anInventory } from '../../support/inventory.ts';
import { folderForTest } from '../../support/temporary-folder.ts';
import { contextOf, operationsOn, placedFile } from '../context.ts';
import { database, servers } from '../frontends.ts';
import type { Frontend } from '../../../src/playbook/playbook.ts';

const CONF = '/etc/haproxy/haproxy.cfg';
const inventory = anInventory();
const { vips } = inventory;

const identity: Frontend = {
  name: 'identity',
  vip: 'nowhere',
  port: 5000,
  mode: 'http',
  balance: 'source',
  active: 'all',
  servers: servers(5000),
};

function conf(given: Parameters<typeof contextOf>[1] = {}): string {
  const context = contextOf(haproxy, { frontends: [database, identity], ...given });
  return placedFile(haproxy, context, 'controller1', CONF) ?? '';
}

function section(name: string, text = conf()): readonly string[] {
  const found = text.split(/^(?=\S)/m).find((part) => part.startsWith(`listen ${name}\n`)) ?? '';
  return found
    .replace(/^#.*$/gm, '')
    .trim()
    .split('\n')
    .map((line) => line.trim());
}

describe('haproxy.cfg', () => {
  it('sends writes to one database at a time, with the others as backups until the first is back', () => {
    expect(section('database')).toEqual([
      'listen database',
      'bind 192.0.2.21:3306',
      'mode tcp',
      'balance leastconn',
      'option tcplog',
      'option httpchk GET /',
      'timeout client 10800000ms',
      'timeout server 10800000ms',
      'server controller1 192.0.2.11:3306 check port 9200 inter 2s fastinter 1s downinter 2s rise 2 fall 5 on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions',
      'server controller2 192.0.2.12:3306 check port 9200 inter 2s fastinter 1s downinter 2s rise 2 fall 5 backup on-marked-down shutdown-sessions',
      'server controller3 192.0.2.13:3306 check port 9200 inter 2s fastinter 1s downinter 2s rise 2 fall 5 backup on-marked-down shutdown-sessions',
    ]);
  });

  it('balances over all servers, on the virtual IP of users if its own is not declared', () => {
    expect(section('identity')).toContain('bind 192.0.2.20:5000');
    expect(section('identity')).toContain(
      'server controller3 192.0.2.13:5000 check inter 2s fastinter 1s downinter 2s rise 2 fall 5',
    );
  });

  it('does not use virtual IPs without HAProxy', () => {
    const [api, database] = vips;
    const given = anInventory({ vips: [{ ...api!, haproxy: false }, database!] });
    expect(conf({ inventory: given })).not.toContain('192.0.2.20');
    // Its own virtual IP does not exist, so it uses the first one.
    expect(section('identity', conf({ inventory: given }))).toContain('bind 192.0.2.21:5000');
  });

  it('puts internal services on no virtual IP that users reach', () => {
    const broker: Frontend = { ...identity, name: 'broker', port: 5673, mode: 'tcp', internal: true };
    const [api, database] = vips;
    const internal = { ...api!, name: 'internal', address: '192.0.2.22' };
    const bound = (given: readonly Vip[], settings = {}): string | undefined =>
      section(
        'broker',
        conf({
          frontends: [broker],
          inventory: anInventory({ vips: given, settings: { haproxy: settings } }),
          settings,
        }),
      )[1];
    expect(bound([api!, database!, internal])).toBe('bind 192.0.2.22:5673');
    expect(bound([api!, database!])).toBe('bind 192.0.2.21:5673');
    expect(bound([database!])).toBe('bind 192.0.2.21:5673');
    expect(bound([api!])).toBeUndefined();
    expect(bound([api!], { internal_vip: 'api' })).toBe('bind 192.0.2.20:5673');
    expect(bound([api!, database!, internal], { internal_vip: 'database' })).toBe('bind 192.0.2.21:5673');
  });

  it("shows its statistics only on a host's own addresses, and only a health page on virtual IPs", () => {
    expect(section('stats').filter((line) => line.startsWith('bind'))).toEqual([
      'bind 192.0.2.11:1080',
      'bind 127.0.0.1:1080',
    ]);
    expect(section('alive')).toEqual([
      'listen alive',
      'bind 192.0.2.20:1080',
      'bind 192.0.2.21:1080',
      'mode http',
      'no log',
      'monitor-uri /alive',
      'http-request return status 404',
    ]);
  });

  it('reveals the statistics password only in the content for the host', () => {
    const context = contextOf(haproxy);
    const placed = operationsOn(haproxy.steps(context), 'controller1', context).find(
      (one) => one.places,
    )?.places;
    expect(placed?.mode).toBe(0o600);
    expect(String(placed?.content)).toContain('stats auth osha:<secret haproxyStats>');
    expect(asSecretText(placed?.content ?? '').reveal()).toContain('stats auth osha:value-of-haproxyStats');
  });

  const installed = spawnSync('haproxy', ['-v']).status === 0;
  it.skipIf(!installed).each([
    ['frontends of each kind', { frontends: [database, identity] }],
    ['no frontends', {}],
    ['no virtual IP', { inventory: anInventory({ vips: [] }), frontends: [database] }],
  ])('is accepted by HAProxy itself, with %s', (_what, given) => {
    const folder = folderForTest();
    writeFileSync(join(folder, 'haproxy.cfg'), conf({ frontends: [], ...given }));
    const { status, stderr } = spawnSync('haproxy', ['-c', '-f', join(folder, 'haproxy.cfg')], {
      encoding: 'utf8',
    });
    expect([status, stderr.match(/WARNING.*/)]).toEqual([0, null]);
  });
});

describe('HAProxy is started by', () => {
  const unitState = {
    active: 'inactive',
    sub: 'dead',
    masked: false,
    isInstalled: true,
    boot: 'disabled' as const,
    reloadFailed: false,
    managed: true,
    now: 2000,
    changed: new Map<string, number>(),
  };
  const taken = (runsOn: Takeover['runsOn'], names: readonly string[]): Takeover => ({
    ...{ unit: 'haproxy', by: 'pacemaker', runsOn },
    hosts: names,
  });
  const decided = (takeovers: readonly Takeover[], state: Partial<typeof unitState>) => {
    const context = contextOf(haproxy, { takeovers });
    const unit = operationsOn(haproxy.steps(context), 'controller1', context).find(
      (one) => one.title === 'haproxy',
    );
    return unit?.decide({ ...unitState, ...state }).map((change) => change.summary);
  };

  const cases: readonly (readonly [
    string,
    readonly Takeover[],
    Partial<typeof unitState>,
    readonly string[],
  ])[] = [
    ['the running cluster', [taken('all', ['controller1'])], {}, []],
    ['osha until the cluster runs', [taken('all', ['controller1'])], { managed: false }, ['start haproxy']],
    ['no one yet, if it runs on one host at a time', [taken('one', ['controller1'])], { managed: false }, []],
    [
      'the init system, on other hosts',
      [taken('one', ['controller2'])],
      { managed: false },
      ['start haproxy at boot', 'start haproxy'],
    ],
    [
      'the init system, without a cluster',
      [],
      { managed: false },
      ['start haproxy at boot', 'start haproxy'],
    ],
  ];
  it.each(cases)('%s', (_who, takeovers, state, expected) => {
    expect(decided(takeovers, state)).toEqual(expected);
  });
});
