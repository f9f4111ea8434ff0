import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { playbooks } from '../../playbooks/index.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { createPlan, type Plan } from '../../src/planner/plan.ts';
import { platformIds, platformOf } from '../../src/platform/index.ts';
import { secretRules } from '../../src/playbook/playbook.ts';
import { placeholders } from '../../src/secrets/rule.ts';

const INVENTORIES = ['lab', 'lab-openstack', 'two-controllers', 'active-passive', 'separate-load-balancers'];

function recoveryOf(name: string, options = {}): Plan {
  const file = join(import.meta.dirname, '../../inventory', `${name}.yaml`);
  const { inventory } = loadInventory(file, { playbooks, platforms: platformIds });
  if (!inventory) throw new Error(`${name} is invalid`);
  const present = playbooks.filter(({ hosts }) => hosts(inventory).length > 0);
  return createPlan({
    playbooks,
    inventory,
    secrets: placeholders(secretRules(present, inventory.settings)),
    platform: platformOf(inventory.platform),
    purpose: { kind: 'recover' },
    ...options,
  });
}

const stepsOf = ({ phases }: Plan, name: string): readonly string[] =>
  phases.find((phase) => phase.name === name)?.steps.map(({ step }) => step.title) ?? [];

describe('a recovery', () => {
  it('starts, forms and verifies each system, in the order of a deployment', () => {
    const plan = recoveryOf('lab-openstack');
    expect(plan.phases.map(({ name }) => name)).toEqual([
      'time',
      'galera',
      'rabbitmq',
      'memcached',
      'etcd',
      'glusterfs',
      'haproxy',
      'pacemaker',
      'keystone',
      'placement',
      'glance',
      'neutron',
      'nova',
      'cinder',
      'neutron-agents',
      'nova-compute',
      'horizon',
    ]);
    expect(stepsOf(plan, 'galera')).toEqual([
      'Recognise the cluster',
      'Form the cluster',
      'Run the health endpoint on port 9200',
      'Every member is Synced',
    ]);
    expect(stepsOf(plan, 'nova-compute').slice(0, 3)).toEqual([
      'Run libvirt',
      'Run the bridge agent',
      'Run the compute service',
    ]);
  });

  it.each(INVENTORIES)('of %s writes no file and installs nothing', (name) => {
    for (const { name: phase, steps } of recoveryOf(name).phases) {
      for (const { step, hosts } of steps) {
        if (step.kind !== 'host') continue;
        for (const operation of hosts.flatMap((host) => step.operations(host))) {
          const where = `${phase}: ${step.title}: ${operation.title}`;
          expect(operation.places, where).toBeUndefined();
          expect(operation.probe.reads.join(), where).not.toMatch(/^package:/);
        }
      }
    }
  });

  it('of HAProxy does not wait for the systems behind it, so that virtual IPs come back without them', () => {
    expect(stepsOf(recoveryOf('lab'), 'haproxy')).toEqual(['Run HAProxy until Pacemaker takes it over']);
  });

  it('of some systems leaves the others out', () => {
    const { phases } = recoveryOf('lab', { selection: { only: ['galera', 'etcd'] } });
    expect(phases.map(({ name }) => name)).toEqual(['galera', 'etcd']);
  });

  it('of a system that only writes files is empty', () => {
    expect(recoveryOf('lab', { selection: { only: ['base', 'logging'] } }).phases).toEqual([]);
  });
});
