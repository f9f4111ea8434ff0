import { describe, expect, it } from 'vitest';
import pacemaker from '../../playbooks/pacemaker.ts';
import { desiredResources } from '../../playbooks/pacemaker/resources.ts';
import { settings } from '../../playbooks/pacemaker/settings.ts';
import { platformOf } from '../../src/platform/index.ts';
import { anInventory } from '../support/inventory.ts';
import { contextOf, operationsOn } from './context.ts';

const inventory = anInventory();

function desired(
  hosts = inventory.hosts,
  given: Record<string, unknown> = {},
): ReturnType<typeof desiredResources> {
  return desiredResources({
    hosts,
    vips: inventory.vips,
    settings: settings.parse(given),
    platform: platformOf(inventory.platform),
  });
}

describe('the pacemaker playbook', () => {
  it('has nothing to do where no virtual IP is held by Pacemaker', () => {
    expect(pacemaker.hosts({ ...inventory, vips: [] })).toEqual([]);
    const vips = inventory.vips.map((vip) => ({ ...vip, by: 'keepalived' as const }));
    expect(pacemaker.hosts({ ...inventory, vips })).toEqual([]);
  });

  it('runs HAProxy on every member, and each virtual IP on one where it runs', () => {
    const { resources, colocations, orders } = desired();
    expect(resources.map(({ id, agent, clone }) => [id, agent, clone ?? false])).toEqual([
      ['haproxy', 'systemd:haproxy', true],
      ...inventory.vips.map((vip) => [`vip-${vip.name}`, 'ocf:heartbeat:IPaddr2', false]),
    ]);
    expect(colocations).toEqual(
      inventory.vips.map((vip) => ({
        resource: `vip-${vip.name}`,
        with: 'haproxy-clone',
        score: 'INFINITY',
      })),
    );
    expect(orders.every(({ then, kind }) => then === 'haproxy-clone' && kind === 'Optional')).toBe(true);
  });

  it.each([
    ['three members stop what they run when they are cut off', 3, {}, 'stop'],
    ['two members go on alone', 2, {}, 'ignore'],
    ['the inventory has the last word', 2, { no_quorum: 'freeze' }, 'freeze'],
  ])('%s', (_, count, given, policy) => {
    expect(desired(inventory.hosts.slice(0, count), given).properties['no-quorum-policy']).toBe(policy);
  });

  it('forgets what it learned of units on every host once pcs changed the cluster', () => {
    const context = contextOf(pacemaker);
    const operations = operationsOn(pacemaker.steps(context), 'controller2', context);
    const atBoot = operations.filter(({ title }) => title.endsWith('starts at boot'));
    expect(atBoot.map(({ title }) => title)).toEqual(['corosync starts at boot', 'pacemaker starts at boot']);
    expect(atBoot.every(({ probe }) => probe.reads.includes('cluster:pacemaker'))).toBe(true);
  });
});
