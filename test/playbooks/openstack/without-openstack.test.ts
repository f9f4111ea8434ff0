import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { deploymentOf, inventoryText, placedBy } from './deployment.ts';

const FOLDER = join(import.meta.dirname, '../../../inventory');
const PHASES =
  /^(openstack|keystone|placement|glance|neutron|nova|cinder|neutron-agents|nova-compute|horizon|rotate-keys)$/;
const OWN = /^\/etc\/(keystone|placement|glance|neutron|nova|cinder|openstack|openstack-dashboard)\/|openrc/;

/** The bundled inventories without their OpenStack keys. */
const inventories = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml') && name !== 'secrets.yaml')
  .map((name) => [name, withoutCloud(readFileSync(join(FOLDER, name), 'utf8'))] as const);

function withoutCloud(text: string): string {
  const document = parseDocument(text);
  document.delete('openstack');
  document.delete('neutron');
  // Groups can only list existing services.
  const group = ['pacemaker', 'groups', 'controller', 'services'];
  if (document.hasIn(group)) document.setIn(group, ['haproxy', 'memcached']);
  return document.toString();
}

describe('an inventory without OpenStack', () => {
  it('is tested in at least five variants', () => {
    expect(inventories.length).toBeGreaterThanOrEqual(5);
  });

  it.each(inventories)('deploys no part of it: %s', (_name, text) => {
    const deployed = deploymentOf(text);
    expect(deployed.plan.phases.map(({ name }) => name).filter((name) => PHASES.test(name))).toEqual([]);
    expect(deployed.frontends.filter(({ later }) => later)).toEqual([]);
    const own = placedBy(deployed).filter(({ path }) => OWN.test(path));
    expect(own.map(({ path }) => path)).toEqual([]);
  });

  it('would deploy it with the openstack key', () => {
    const phases = deploymentOf(inventoryText()).plan.phases.map(({ name }) => name);
    expect(phases.filter((name) => PHASES.test(name)).length).toBeGreaterThanOrEqual(9);
  });
});
