import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import keepalived from '../../../../playbooks/keepalived/playbook.ts';
import { formerFile } from '../../../../playbooks/keepalived/files/conf.ts';
import { asSecretText } from '../../../../src/secrets/text.ts';
import { aHost, anInventory } from '../../../support/inventory.ts';
import { folderForAll } from '../../../support/temporary-folder.ts';
import { contextOf, operationsOn, placedFile } from '../../context.ts';
import { kept } from '../vips.ts';

const CONF = '/etc/keepalived/keepalived.conf';
const api = kept('api', 20);
const database = kept('database', 21, { holders: ['controller3', 'controller2'] });

function conf(host: string, settings: unknown = {}, vips = [api, database]): string {
  const context = contextOf(keepalived, { inventory: anInventory({ vips }), settings });
  return placedFile(keepalived, context, host, CONF) ?? '';
}

/** The lines of one block of the file, without indentation. */
function block(text: string, head: string): readonly string[] {
  const part = text.split(/^(?=\S.* \{$)/m).find((one) => one.startsWith(`${head} {`)) ?? '';
  return part
    .slice(0, part.indexOf('\n}'))
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

describe('keepalived.conf', () => {
  const folder = folderForAll();

  it('makes the preferred holder the master, with the others as unicast peers', () => {
    expect(block(conf('controller1'), 'vrrp_instance api')).toEqual([
      '# holder controller1 192.0.2.11',
      '# holder controller2 192.0.2.12',
      '# holder controller3 192.0.2.13',
      'state MASTER',
      'interface eth0',
      'virtual_router_id 20',
      'priority 101',
      'advert_int 1',
      'unicast_src_ip 192.0.2.11',
      'unicast_peer {',
      '192.0.2.12',
      '192.0.2.13',
      'include /etc/keepalived/former-api.conf',
      '}',
      'authentication {',
      'auth_type PASS',
      'auth_pass value-of',
      '}',
      'virtual_ipaddress {',
      '192.0.2.20/24 dev eth0',
      '}',
      'track_script {',
      'haproxy',
      '}',
    ]);
  });

  it('ranks holders by their order, with instances only for the virtual IPs of the host', () => {
    const rank = (host: string, vip: string): readonly string[] =>
      block(conf(host), `vrrp_instance ${vip}`).filter((line) => /^(state|priority)/.test(line));
    expect([rank('controller2', 'api'), rank('controller3', 'api')]).toEqual([
      ['state BACKUP', 'priority 100'],
      ['state BACKUP', 'priority 99'],
    ]);
    expect([rank('controller3', 'database'), rank('controller2', 'database')]).toEqual([
      ['state MASTER', 'priority 101'],
      ['state BACKUP', 'priority 100'],
    ]);
    expect(conf('controller1')).not.toContain('vrrp_instance database');
  });

  it.each([
    ['two holders', ['controller1', 'controller2'], 2],
    ['three holders', ['controller1', 'controller2', 'controller3'], 3],
  ])('ranks a failing holder below all healthy ones: %s', (_name, holders, weight) => {
    const text = conf('controller1', { check: { on_failure: 'lower' } }, [kept('api', 20, { holders })]);
    expect(block(text, 'vrrp_instance api')).toContain(`haproxy weight ${weight}`);
    const lowestWell = 101 - (holders.length - 1) + weight;
    expect(lowestWell).toBeGreaterThan(101);
  });

  it('does not move a virtual IP back without preempt', () => {
    for (const host of ['controller1', 'controller2']) {
      expect(block(conf(host, { preempt: false }), 'vrrp_instance api').slice(3, 5)).toEqual([
        'state BACKUP',
        'nopreempt',
      ]);
    }
  });

  it('uses multicast instead of peers when configured', () => {
    const text = conf('controller1', { multicast: true, multicast_group: '239.1.2.3' });
    expect(text).not.toContain('unicast');
    expect(block(text, 'global_defs')).toContain('vrrp_mcast_group4 239.1.2.3');
  });

  it('uses the addresses in the network of the virtual IP', () => {
    const hosts = [1, 2].map((number) =>
      aHost(`controller${number}`, { networks: { public: `198.51.100.1${number}` } }),
    );
    const holders = hosts.map((host) => host.name);
    const vips = [kept('api', 20, { address: '198.51.100.20', interface: 'eth1', holders })];
    const context = contextOf(keepalived, { inventory: anInventory({ hosts, vips }) });
    const lines = block(placedFile(keepalived, context, 'controller2', CONF) ?? '', 'vrrp_instance api');
    expect(lines).toContain('unicast_src_ip 198.51.100.12');
    expect(lines[lines.indexOf('unicast_peer {') + 1]).toBe('198.51.100.11');
    expect(lines).toContain('198.51.100.20/24 dev eth1');
  });

  it('has no HAProxy check for a virtual IP without HAProxy', () => {
    const text = conf('controller1', {}, [kept('api', 20, { haproxy: false })]);
    expect(text).toContain('vrrp_instance api {');
    expect(text).not.toMatch(/vrrp_script|track_script/);
  });

  it('lists no peers for a single holder', () => {
    expect(conf('controller1', {}, [kept('api', 20, { holders: ['controller1'] })])).not.toContain('unicast');
  });

  it('uses the configured intervals and router IDs', () => {
    const text = conf('controller1', {
      advert_seconds: 3,
      check: { interval_seconds: 7 },
      router_ids: { api: 51 },
    });
    expect(block(text, 'vrrp_script haproxy')).toContain('interval 7');
    expect(block(text, 'vrrp_instance api')).toContain('advert_int 3');
    expect(block(text, 'vrrp_instance api')).toContain('virtual_router_id 51');
  });

  it('reveals the password only to the host', () => {
    const context = contextOf(keepalived, { inventory: anInventory({ vips: [api] }) });
    const placed = operationsOn(keepalived.steps(context), 'controller1', context).find(
      (operation) => operation.places?.path === CONF,
    )?.places;
    expect(placed?.mode).toBe(0o600);
    expect(String(placed?.content)).toContain('auth_pass <secret keepalived>\n');
    expect(asSecretText(placed?.content ?? '').reveal()).toContain('auth_pass value-of\n');
  });

  const installed = spawnSync('keepalived', ['--version']).error === undefined;
  it.skipIf(!installed)('is accepted by keepalived itself', () => {
    writeFileSync(join(folder, 'former-api.conf'), formerFile('controller1', 'api', [], new Map()));
    const text = conf('controller1')
      .replaceAll('eth0', 'lo')
      .replaceAll('/etc/keepalived/former', `${folder}/former`);
    const { stderr } = spawnSync(
      'keepalived',
      ['--config-test', '--log-console', '--use-file', '/dev/stdin'],
      {
        input: text,
        encoding: 'utf8',
      },
    );
    expect(stderr).not.toMatch(/unknown keyword|missing|invalid/i);
  });
});

describe('the check', () => {
  const context = contextOf(keepalived, { inventory: anInventory({ vips: [api] }) });
  const placed = placedFile(keepalived, context, 'controller1', '/etc/keepalived/check-haproxy') ?? '';

  it('queries the health page of HAProxy', () => {
    expect(placed).toContain(' http://127.0.0.1:1080/alive\n');
  });

  it('is executable at the path in keepalived.conf', () => {
    expect(conf('controller1')).toContain('script "/etc/keepalived/check-haproxy"');
    const operation = operationsOn(keepalived.steps(context), 'controller1', context).find(
      (one) => one.places?.path === '/etc/keepalived/check-haproxy',
    );
    expect(operation?.places?.mode).toBe(0o755);
  });
});
