import { describe, expect, it } from 'vitest';
import { playbooks } from '../../../playbooks/index.ts';
import { NEEDS, SERVICE_NAMES, type AnyService } from '../../../playbooks/openstack/settings.ts';
import { checkInventory } from '../../../src/inventory/load.ts';
import { platformIds } from '../../../src/platform/index.ts';
import { deployment, HOSTS, inventoryText, operationsOf, placedBy, type Asked } from './deployment.ts';

/** The problems of an inventory, without unrelated advice. */
function told(asked: Asked): readonly string[] {
  const { problems } = checkInventory('/site/prod.yaml', inventoryText(asked), {
    playbooks,
    platforms: platformIds,
  });
  return problems
    .filter(({ severity }) => severity !== 'advice')
    .map(({ severity, message, hint }) => `${severity}: ${message}; ${hint ?? ''}`);
}

const SHARED =
  'glusterfs: { servers: [c1, c2, all1], volumes: { images: { path: /srv/images, mount: /var/lib/glance/images, on: [control] } } }';
const IMAGES = expect.stringMatching(/^warning: images are stored on c1 only/) as string;

describe('an inventory with OpenStack', () => {
  it('is valid with images on GlusterFS or NFS', () => {
    const nfs =
      'nfs: { shares: { images: { server: k1, path: /srv/images, mount: /var/lib/glance/images, on: [control] } } }';
    expect(told({ more: SHARED })).toEqual([]);
    expect(told({ more: nfs }).filter((line) => line.includes('images are kept'))).toEqual([]);
    expect(told({})).toEqual([IMAGES]);
  });

  const elsewhere: readonly (readonly [string, string])[] = [
    ['mounted on hosts without Glance', 'mount: /var/lib/glance/images, on: [compute]'],
    ['mounted on some controllers only', 'mount: /var/lib/glance/images, on: [c1, c2]'],
    ['mounted at another path', 'mount: /srv/glance, on: [control]'],
  ];
  it.each(elsewhere)('gets a warning and one Glance host if the shared folder is %s', (_name, where) => {
    const more = `nfs: { shares: { images: { server: k1, path: /srv/images, ${where} } } }`;
    expect(told({ more })).toContainEqual(IMAGES);
    const glance = deployment({ more }).plan.phases.find(({ name }) => name === 'glance');
    expect(glance?.hosts.map(({ name }) => name)).toEqual(['c1']);
  });

  it('is valid with one controller, where images are local', () => {
    const hosts = '\n  c1: { address: 192.0.2.11, roles: [controller, compute, network] }';
    expect(told({ hosts }).filter((line) => line.includes('images are kept'))).toEqual([]);
  });

  const mistakes: readonly (readonly [string, Asked, string])[] = [
    [
      'an unknown key of openstack',
      { openstack: 'services: all, servces: all' },
      'error: unknown key "servces"; did you mean "services"?',
    ],
    [
      'an unknown key of neutron',
      { more: 'neutron: { dhcp_agent: 2 }' },
      'error: unknown key "dhcp_agent"; did you mean "dhcp_agents"?',
    ],
    [
      'an unknown key of the external network',
      {
        more: 'neutron: { external: { interface: eth1, subnet: 203.0.113.0/24, gateway: 203.0.113.1, floating: 203.0.113.9-203.0.113.99, vlan: 5 } }',
      },
      'error: unknown key "vlan"; write one of interface, subnet, gateway, floating',
    ],
    [
      'an unknown key of compute',
      { more: 'compute: { virtualisation: kvm }' },
      'error: unknown key "virtualisation"; did you mean "virtualization"?',
    ],
    [
      'an unknown kind of virtualization',
      { more: 'compute: { virtualization: kmv }' },
      'error: virtualization: unknown value "kmv"; did you mean "kvm"?',
    ],
    [
      'a key of a service without settings',
      { more: 'glance: { workers: 2 }' },
      'error: unknown key "workers"; remove it',
    ],
    [
      'zero workers',
      { openstack: 'services: all, workers: 0' },
      'error: workers: expected at least 1, found 0; ',
    ],
    [
      'one router agent, which cannot be highly available',
      { more: 'neutron: { router_agents: 1 }' },
      'error: router_agents: expected at least 2, found 1; ',
    ],
  ];
  it.each(mistakes)('gets exactly one error for %s', (_name, asked, expected) => {
    expect(told({ ...asked, more: `${SHARED}\n${asked.more ?? ''}` })).toEqual([expected]);
  });

  it('gets an error for an unknown service', () => {
    const [line, ...rest] = told({ openstack: 'services: [identity, imge]', more: SHARED });
    expect(line).toMatch(/^error: .*(imge|services)/);
    expect(rest).toEqual([]);
  });
});

/** A service with all that it requires. */
function closure(service: AnyService): readonly AnyService[] {
  return [...new Set([...NEEDS[service].flatMap(closure), service])];
}

describe('a service with only what it requires', () => {
  it.each(SERVICE_NAMES)('%s can be deployed', (service) => {
    const asked = { openstack: `services: [${closure(service).join(', ')}]` };
    expect(told({ ...asked, more: SHARED })).toEqual([]);
    const deployed = deployment(asked);
    const phases = deployed.plan.phases.map(({ name }) => name);
    expect(phases).toContain('keystone');
    expect(operationsOf(deployed).length).toBeGreaterThan(50);
    expect(deployed.plan.phases.flatMap(({ health }) => health).length).toBeGreaterThan(3);
    expect(placedBy(deployed).map(({ text }) => text)).not.toContain('undefined');
  });

  it('has no configuration for missing services', () => {
    const placed = placedBy(deployment({ openstack: 'services: [identity, image, network, volume]' }));
    const calling = placed.filter(({ text }) => /^username = (nova|placement)$/m.test(text));
    expect(calling.map(({ path }) => path)).toEqual([]);
  });

  it('needs no compute or network hosts unless it includes those services', () => {
    const hosts = HOSTS.replace(/ {2}(all1|n1|k1).*\n/g, '');
    const asked = { hosts, openstack: 'services: [identity]' };
    expect(told(asked).filter((line) => line.startsWith('error'))).toEqual([]);
  });
});
