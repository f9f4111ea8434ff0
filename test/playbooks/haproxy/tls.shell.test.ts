import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import haproxy from '../../../playbooks/haproxy/playbook.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { CA, KEY, sample } from '../../operations/tls/samples.ts';
import { anInventory } from '../../support/inventory.ts';
import { folderForTest } from '../../support/temporary-folder.ts';
import { contextOf, operationsOn, placedFile, titlesOn } from '../context.ts';
import { secretRules, type Frontend } from '../../../src/playbook/playbook.ts';

const CONF = '/etc/haproxy/haproxy.cfg';
const inventory = anInventory({ name: 'prod', settings: { base: { vip_names: { api: ['controller'] } } } });

const frontend = (name: string, vip: string, port: number, mode: 'tcp' | 'http'): Frontend => ({
  ...{ name, vip, port, mode, balance: 'source', active: 'all' },
  servers: inventory.hosts.map((host) => ({ host: host.name, address: host.address, port })),
});
const identity = frontend('identity', 'api', 5000, 'http');
const broker = frontend('broker', 'api', 5673, 'tcp');
const metrics = frontend('metrics', 'database', 9090, 'http');

function contextWith(settings: object, frontends: readonly Frontend[] = [identity, broker, metrics]) {
  const secrets = {
    haproxyStats: new Secret('haproxyStats', 'value-of-haproxyStats'),
    tlsAuthority: new Secret('tlsAuthority', KEY),
  };
  return contextOf(haproxy, { inventory, frontends, settings, secrets });
}

function conf(settings: object, frontends?: readonly Frontend[]): string {
  return placedFile(haproxy, contextWith(settings, frontends), 'controller1', CONF) ?? '';
}

function section(name: string, text: string): readonly string[] {
  const found = text.split(/^(?=\S)/m).find((part) => part.startsWith(`listen ${name}\n`)) ?? '';
  return found
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

describe('a virtual IP with TLS', () => {
  const text = conf({ tls: { api: {} } });

  it('terminates TLS on every http frontend, and sets a header for the service', () => {
    expect(section('identity', text)).toContain('bind 192.0.2.20:5000 ssl crt /etc/haproxy/tls/api.pem');
    expect(section('identity', text)).toContain('http-request set-header X-Forwarded-Proto https');
  });

  it('leaves tcp frontends and other virtual IPs unencrypted', () => {
    expect(section('broker', text)).toContain('bind 192.0.2.20:5673');
    expect(section('metrics', text)).toContain('bind 192.0.2.21:9090');
    expect(section('metrics', text).join()).not.toContain('X-Forwarded-Proto');
    expect(section('alive', text)).toContain('bind 192.0.2.20:1080');
  });

  it('answers on port 443 if no frontend uses it', () => {
    expect(section('tls_api', text)).toEqual([
      'bind 192.0.2.20:443 ssl crt /etc/haproxy/tls/api.pem',
      'mode http',
      'option httplog',
      'http-request return status 200 content-type text/plain string "prod: virtual IP api\\n"',
    ]);
    const taken = conf({ tls: { api: {} } }, [frontend('dashboard', 'api', 443, 'http')]);
    expect(section('tls_api', taken)).toEqual([]);
    expect(section('dashboard', taken)[0]).toBe('bind 192.0.2.20:443 ssl crt /etc/haproxy/tls/api.pem');
  });

  it('accepts TLS 1.2 and newer only', () => {
    expect(text).toContain('ssl-default-bind-options ssl-min-ver TLSv1.2');
    expect(conf({})).not.toContain('ssl');
  });

  it('enables HSTS only on request', () => {
    expect(text).not.toContain('Strict-Transport-Security');
    const insisting = conf({ tls: { api: { hsts_seconds: 3600 } } });
    for (const name of ['identity', 'tls_api']) {
      expect(section(name, insisting)).toContain(
        'http-response set-header Strict-Transport-Security max-age=3600',
      );
    }
  });

  const redirect: Frontend = {
    ...identity,
    name: 'to-https',
    port: 80,
    servers: [],
    redirectToHttps: true,
  };

  it('redirects clients of plain HTTP if a frontend says so', () => {
    expect(section('to-https', conf({ tls: { api: {} } }, [redirect]))).toEqual([
      'bind 192.0.2.20:80',
      'mode http',
      'option httplog',
      'http-request redirect code 301 location https://%[req.hdr(host),field(1,:)]%[pathq]',
    ]);
  });

  const installed = spawnSync('haproxy', ['-v']).status === 0;
  it.skipIf(!installed)('is accepted by HAProxy itself', async () => {
    const folder = folderForTest();
    writeFileSync(join(folder, 'api.pem'), (await sample()).pem, { mode: 0o600 });
    const given = conf({ tls: { api: { hsts_seconds: 3600 } } }, [identity, broker, redirect]);
    writeFileSync(join(folder, 'haproxy.cfg'), given.replaceAll('/etc/haproxy/tls', folder));
    const { status, stderr } = spawnSync('haproxy', ['-c', '-f', join(folder, 'haproxy.cfg')], {
      encoding: 'utf8',
    });
    expect([status, stderr.match(/WARNING.*/)]).toEqual([0, null]);
  });
});

describe('the certificates of virtual IPs', () => {
  const context = contextWith({ tls: { api: { names: ['api.example.net'], days: 90 } } });

  it('are issued for every name of the virtual IP, before HAProxy reads them', () => {
    const titles = titlesOn(haproxy, context, 'controller1');
    expect(titles.indexOf('/etc/haproxy/tls/api.pem')).toBeLessThan(titles.indexOf(CONF));
    const operation = operationsOn(haproxy.steps(context), 'controller1', context).find(
      (one) => one.title === '/etc/haproxy/tls/api.pem',
    );
    expect(operation?.decide({ now: 0, keyFits: false, same: false })[0]?.summary).toBe(
      'issue a certificate for api, 192.0.2.20, controller, api.example.net (there is none)',
    );
    expect(operation?.places).toBeUndefined();
  });

  it('reload HAProxy when they change', () => {
    const unit = operationsOn(haproxy.steps(context), 'controller1', context).find(
      (one) => one.title === 'haproxy',
    );
    expect(unit?.probe.reads).toContain('file:/etc/haproxy/tls/api.pem');
  });

  it('can be verified on every host with the same CA', () => {
    expect(placedFile(haproxy, context, 'controller2', '/etc/osha/ca.pem')).toBe(CA.certificate);
  });

  it('are placed only on hosts that can hold the virtual IP', () => {
    const [api, database] = inventory.vips;
    const vips = [{ ...api!, holders: ['controller1'] }, database!];
    const narrow = { ...context, inventory: { ...inventory, vips } };
    expect(titlesOn(haproxy, narrow, 'controller1')).toContain('/etc/haproxy/tls/api.pem');
    expect(titlesOn(haproxy, narrow, 'controller2')).not.toContain('/etc/haproxy/tls/api.pem');
    expect(placedFile(haproxy, narrow, 'controller2', CONF)).not.toContain('ssl');
  });

  it('need a CA only if osha issues one of them', () => {
    const rules = (settings: object): readonly string[] =>
      Object.keys(secretRules([haproxy], { haproxy: haproxy.settings.parse(settings) }));
    expect(rules({})).toEqual(['haproxyStats']);
    expect(rules({ tls: { api: { certificate: 'a', key: 'b' } } })).toEqual(['haproxyStats']);
    expect(rules({ tls: { api: {}, database: { certificate: 'a', key: 'b' } } })).toEqual([
      'haproxyStats',
      'tlsAuthority',
    ]);
  });

  it('are checked by "status" on each virtual IP', () => {
    const titles = (settings: object) =>
      haproxy.health?.(contextWith(settings)).map((check) => check.title) ?? [];
    expect(titles({ tls: { api: {} } })).toContain('TLS');
    expect(titles({})).not.toContain('TLS');
  });
});
