import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { playbooks } from '../../playbooks/index.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { createPlan, type Plan, type PlannedPhase } from '../../src/planner/plan.ts';
import { platformIds, platformOf } from '../../src/platform/index.ts';
import { asSecretText } from '../../src/secrets/text.ts';
import { secretRules } from '../../src/playbook/playbook.ts';
import { placeholders } from '../../src/secrets/rule.ts';

const FOLDER = join(import.meta.dirname, '../../inventory');
const HOLD_VIPS = ['keepalived', 'pacemaker'];

/** Phases that name virtual IPs without reaching them: they come before, or hold them. */
const PREPARE = ['base', 'haproxy', ...HOLD_VIPS];

function planOf(name: string, only?: readonly string[]): Plan {
  const { inventory } = loadInventory(join(FOLDER, `${name}.yaml`), { playbooks, platforms: platformIds });
  if (!inventory) throw new Error(`${name} is not valid`);
  const present = playbooks.filter((playbook) => playbook.hosts(inventory).length > 0);
  return createPlan({
    playbooks,
    inventory,
    secrets: placeholders(secretRules(present, inventory.settings)),
    platform: platformOf(inventory.platform),
    selection: only ? { only } : {},
  });
}

/** All that a phase places on its hosts and asks them, as text. */
function textOf({ steps }: PlannedPhase): string {
  return steps
    .flatMap(({ step, hosts }) => {
      if (step.kind === 'cluster')
        return step.operation.members.map((host) => step.operation.probe(host).script);
      if (step.kind === 'verify') return step.check.members.map((host) => step.check.probe(host).script);
      return hosts.flatMap((host) =>
        step
          .operations(host)
          .flatMap(({ places, probe }) => [
            probe.script,
            ...[probe.input, places?.content].map((text) => (text ? asSecretText(text).reveal() : '')),
          ]),
      );
    })
    .join('\n');
}

/** The phases whose files or questions have the address of a virtual IP in them. */
function reaching({ phases, inventory }: Plan): readonly PlannedPhase[] {
  const addresses = inventory.vips.map(
    ({ address }) => new RegExp(`\\b${address.replaceAll('.', '\\.')}\\b`),
  );
  return phases.filter(
    (phase) => !PREPARE.includes(phase.name) && addresses.some((address) => address.test(textOf(phase))),
  );
}

const INVENTORIES = [
  'lab-openstack',
  'two-controllers',
  'separate-load-balancers',
  'active-passive',
  'cluster-per-service',
  'three-controllers',
];

describe.each(INVENTORIES)('of %s', (name) => {
  const plan = planOf(name);
  const present = HOLD_VIPS.filter((phase) => plan.phases.some((one) => one.name === phase));

  it('every phase that names a virtual IP needs those that hold it', () => {
    for (const phase of reaching(plan)) {
      expect([phase.name, phase.needs]).toEqual([phase.name, expect.arrayContaining(present)]);
    }
    if (plan.phases.some((phase) => phase.name === 'keystone')) {
      expect(reaching(plan).map((phase) => phase.name)).toContain('keystone');
    }
  });

  it('those that hold a virtual IP come before', () => {
    const order = plan.phases.map((phase) => phase.name);
    for (const phase of reaching(plan)) {
      for (const holds of present) expect(order.indexOf(holds)).toBeLessThan(order.indexOf(phase.name));
    }
  });
});

describe('a phase that reaches a virtual IP', () => {
  it('needs its holders also where what comes between is left out', () => {
    const { phases } = planOf('lab-openstack', ['pacemaker', 'glance']);
    expect(phases.find((phase) => phase.name === 'glance')?.needs).toEqual(['pacemaker']);
  });

  it('does not wait for a cluster manager that the inventory does not have', () => {
    const { phases } = planOf('lab-openstack');
    expect(phases.some((phase) => phase.name === 'keepalived')).toBe(false);
    for (const phase of phases) expect(phase.needs).not.toContain('keepalived');
  });
});
