import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { deploymentOf, inventoryText, placedBy } from './deployment.ts';

const FOLDER = join(import.meta.dirname, '../../../inventory');
const PHASES =
  /^(openstack|keystone|placement|glance|neutron|nova|cinder|neutron-agents|nova-compute|horizon|rotate-keys)$/;
const OWN = /^\/etc\/(keystone|placement|glance|neutron|nova|cinder|openstack|openstack-dashboard)\/|openrc/;

/** The inventories that come with osha, as they would be if they asked for no OpenStack. */
const inventories = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml') && name !== 'secrets.yaml')
  .map((name) => [name, withoutCloud(readFileSync(join(FOLDER, name), 'utf8'))] as const);

function withoutCloud(text: string): string {
  const document = parseDocument(text);
  document.delete('openstack');
  document.delete('neutron');
  // A group can only move what is there.
  const group = ['pacemaker', 'groups', 'controller', 'services'];
  if (document.hasIn(group)) document.setIn(group, ['haproxy', 'memcached']);
  return document.toString();
}

describe('an inventory that asks for no OpenStack', () => {
  it('is there in five kinds at least', () => {
    expect(inventories.length).toBeGreaterThanOrEqual(5);
  });

  it.each(inventories)('gets none: %s', (_name, text) => {
    const deployed = deploymentOf(text);
    expect(deployed.plan.phases.map(({ name }) => name).filter((name) => PHASES.test(name))).toEqual([]);
    expect(deployed.frontends.filter(({ later }) => later)).toEqual([]);
    const own = placedBy(deployed).filter(({ path }) => OWN.test(path));
    expect(own.map(({ path }) => path)).toEqual([]);
  });

  it('would get it for the asking', () => {
    const phases = deploymentOf(inventoryText()).plan.phases.map(({ name }) => name);
    expect(phases.filter((name) => PHASES.test(name)).length).toBeGreaterThanOrEqual(9);
  });
});
