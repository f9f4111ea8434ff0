import { describe, expect, it } from 'vitest';
import base from '../../../playbooks/base/playbook.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { contextOf, placedFile, titlesOn } from '../context.ts';

describe('the base playbook', () => {
  it('lists every host and virtual IP in /etc/hosts, with the additional names from the settings', () => {
    const context = contextOf(base, { settings: { vip_names: { api: ['controller'] } } });
    expect(placedFile(base, context, 'controller2', '/etc/hosts')).toBe(`# osha: begin
192.0.2.11 controller1
192.0.2.12 controller2
192.0.2.13 controller3
192.0.2.20 api controller
192.0.2.21 database
# osha: end
`);
  });

  it('lets every host bind a virtual IP that another host holds', () => {
    const file = placedFile(base, contextOf(base), 'controller1', '/etc/sysctl.d/60-osha-base.conf');
    expect(file).toContain('net.ipv4.ip_nonlocal_bind = 1\n');
    expect(file).toContain('net.ipv4.ip_forward = 1\n');
  });

  it('detects a dead peer within 30 seconds on every host', () => {
    const file = placedFile(base, contextOf(base), 'controller1', '/etc/sysctl.d/60-osha-base.conf');
    expect(file).toContain('net.ipv4.tcp_keepalive_time = 15\n');
    expect(file).toContain('net.ipv4.tcp_keepalive_intvl = 5\n');
    expect(file).toContain('net.ipv4.tcp_keepalive_probes = 3\n');
  });

  it('lets the kernel settings of the inventory override its own', () => {
    const context = contextOf(base, { settings: { sysctl: { 'net.ipv4.tcp_keepalive_time': 600 } } });
    const file = placedFile(base, context, 'controller1', '/etc/sysctl.d/60-osha-base.conf');
    expect(file?.match(/tcp_keepalive_time = \d+/g)).toEqual(['tcp_keepalive_time = 600']);
  });

  it('filters bridged packets only on hosts with bridges', () => {
    const compute = aHost('compute1', { roles: ['compute'], controller: false, address: '192.0.2.31' });
    const inventory = anInventory({ hosts: [aHost('controller1'), compute] });
    const context = contextOf(base, { inventory });
    expect(titlesOn(base, context, 'compute1')).toContain('br_netfilter');
    expect(titlesOn(base, context, 'controller1')).not.toContain('br_netfilter');
  });

  it('writes the package sources and the proxy of the settings', () => {
    const sources = [{ name: 'cloud', uri: 'http://packages.example/debian', suite: 'bookworm' }];
    const context = contextOf(base, { settings: { proxy: 'http://192.0.2.1:3142', sources } });
    expect(placedFile(base, context, 'controller1', '/etc/apt/sources.list.d/osha-cloud.sources')).toContain(
      'URIs: http://packages.example/debian\nSuites: bookworm\nComponents: main\n',
    );
    expect(placedFile(base, context, 'controller1', '/etc/apt/apt.conf.d/60-osha-proxy')).toContain(
      'http://192.0.2.1:3142',
    );
  });

  it.each([
    ['a proxy with a password in it', { proxy: 'http://me:secret@192.0.2.1:3142' }],
    ['a proxy that closes its quotes', { proxy: 'http://192.0.2.1/";Evil "1' }],
    ['a time zone that is a path', { timezone: '../../etc/passwd' }],
    ['a package name with an option in it', { packages: ['--purge'] }],
    ['a kernel setting with a line break', { sysctl: { 'net.core.somaxconn': '1\nkernel.panic = 1' } }],
    ['an unknown key', { time_zone: 'Etc/UTC' }],
  ])('refuses %s', (_what, settings) => {
    expect(base.settings.safeParse(settings).success).toBe(false);
  });

  it('reports additional names for an unknown virtual IP', () => {
    const settings = base.settings.parse({ vip_names: { apy: ['controller'] } });
    expect(base.validate?.(anInventory(), settings)).toMatchObject([
      { path: ['base', 'vip_names', 'apy'], hint: 'the virtual IPs are: api, database' },
    ]);
  });
});
