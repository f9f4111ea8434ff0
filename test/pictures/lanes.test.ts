import { describe, expect, it } from 'vitest';
import { playbooks } from '../../playbooks/index.ts';
import type { Inventory, Role } from '../../src/inventory/types.ts';
import { aHost, anInventory } from '../support/inventory.ts';
import { lanesOf, type Lane } from './lanes.ts';

/** An inventory whose settings are parsed as `load` would. */
function inventoryWith(raw: Readonly<Record<string, unknown>>, given: Partial<Inventory> = {}): Inventory {
  const settings = playbooks.map(({ name, settings: schema }) => [name, schema.parse(raw[name] ?? {})]);
  return anInventory({ ...given, settings: Object.fromEntries(settings) as Inventory['settings'] });
}

function lane(inventory: Inventory, title: string): Lane {
  const found = lanesOf(inventory).find((each) => each.title === title);
  if (!found) throw new Error(`no lane ${title}`);
  return found;
}

describe('what a picture shows', () => {
  it('is which host holds a virtual IP first, and which take over', () => {
    expect(lane(inventoryWith({}), 'Virtual IP api').parts).toEqual([
      [
        { host: 'controller1', mark: 'active' },
        { host: 'controller2', mark: 'standby' },
        { host: 'controller3', mark: 'standby' },
      ],
    ]);
  });

  it.each([
    ['single', ['active', 'standby', 'standby']],
    ['all', ['active', 'active', 'active']],
  ])('is which databases take writes: %s', (writers, marks) => {
    const { parts } = lane(inventoryWith({ galera: { writers } }), 'MariaDB Galera');
    expect(parts.flat().map(({ mark }) => mark)).toEqual(marks);
  });

  it("is the arbitrator's vote, joined with the databases", () => {
    const roles: readonly Role[] = ['time'];
    const hosts = [
      aHost('controller1'),
      aHost('controller2'),
      aHost('bastion', { roles, controller: false }),
    ];
    const inventory = inventoryWith({ galera: { arbitrator: 'bastion' } }, { hosts });
    expect(lane(inventory, 'MariaDB Galera').parts[0]?.at(-1)).toEqual({ host: 'bastion', mark: 'vote' });
  });

  it('is one joined part for each cluster of Pacemaker', () => {
    const hosts = ['one1', 'one2', 'two1', 'two2'].map((name) => aHost(name));
    const [vip] = anInventory().vips;
    if (!vip) throw new Error('no virtual IP');
    const vips = [
      { ...vip, name: 'one', holders: ['one1', 'one2'] },
      { ...vip, name: 'two', holders: ['two1', 'two2'] },
    ];
    const { parts } = lane(inventoryWith({}, { hosts, vips }), 'Pacemaker');
    expect(parts.map((part) => part.map(({ host }) => host))).toEqual([
      ['one1', 'one2'],
      ['two1', 'two2'],
    ]);
  });

  it('is a service of an active/passive group on its preferred host, with others that take over', () => {
    const groups = { main: { vips: ['api'], services: ['memcached'], prefers: ['controller2'] } };
    const { parts } = lane(inventoryWith({ pacemaker: { groups } }), 'memcached');
    expect(parts.flat()).toEqual([
      { host: 'controller1', mark: 'standby' },
      { host: 'controller2', mark: 'active' },
      { host: 'controller3', mark: 'standby' },
    ]);
  });

  it('leaves out what an inventory does not have', () => {
    const titles = lanesOf(inventoryWith({}, { vips: [] })).map(({ title }) => title);
    expect(titles).not.toContain('Pacemaker');
    expect(titles.filter((title) => title.startsWith('GlusterFS'))).toEqual([]);
  });
});
