import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { playbooks } from '../../playbooks/index.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import type { Host, Inventory } from '../../src/inventory/types.ts';
import { createPlan, type Plan, type PlannedStep } from '../../src/planner/plan.ts';
import type { Purpose } from '../../src/planner/purpose.ts';
import { platformIds, platformOf } from '../../src/platform/index.ts';
import { secretRules } from '../../src/playbook/playbook.ts';
import { placeholders } from '../../src/secrets/rule.ts';

const FOLDER = join(import.meta.dirname, '../../inventory');

function load(file: string): Inventory {
  const { inventory } = loadInventory(join(FOLDER, file), { playbooks, platforms: platformIds });
  if (!inventory) throw new Error(`${file} is invalid`);
  return inventory;
}

function planOf(inventory: Inventory, purpose?: Purpose): Plan {
  const present = playbooks.filter(({ hosts }) => hosts(inventory).length > 0);
  return createPlan({
    playbooks,
    inventory,
    secrets: placeholders(secretRules(present, inventory.settings)),
    platform: platformOf(inventory.platform),
    ...(purpose && { purpose }),
  });
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const inventories = files.map((file) => [file, load(file)] as const);
const names = (hosts: readonly Host[]): readonly string[] => hosts.map(({ name }) => name);
const stepsIn = ({ phases }: Plan): readonly PlannedStep[] => phases.flatMap(({ steps }) => steps);

/** Units that the steps of a plan stop on a host, without `.service`. */
function stoppedOn(plan: Plan, host: Host): readonly string[] {
  return stepsIn(plan)
    .flatMap(({ step, hosts }) =>
      step.kind === 'host' && hosts.includes(host) ? step.operations(host).map(({ title }) => title) : [],
    )
    .flatMap((title) => /^(\S+) is stopped$/.exec(title)?.[1] ?? []);
}

/** Units that a deployment runs on a host, by phase. */
function runOn(plan: Plan, host: Host): ReadonlyMap<string, readonly string[]> {
  return new Map(
    plan.phases.map(({ name, steps }) => [
      name,
      steps.flatMap(({ step, hosts }) =>
        step.kind === 'host' && hosts.includes(host)
          ? step.operations(host).flatMap(({ runs }) => runs?.replace(/\.service$/, '') ?? [])
          : [],
      ),
    ]),
  );
}

describe.each(inventories)('with inventory/%s', (_, inventory) => {
  it('a drain and its end name the same systems and hosts, in opposite order', () => {
    for (const host of inventory.hosts) {
      const [drain, undrain] = (['drain', 'undrain'] as const).map((kind) =>
        planOf(inventory, { kind, host }),
      );
      const systems = (plan: Plan | undefined): readonly string[] =>
        (plan?.phases ?? []).map((phase) => {
          const hosts = new Set(
            phase.steps.filter(({ step }) => step.kind !== 'verify').flatMap((one) => names(one.hosts)),
          );
          return `${phase.name} on ${[...hosts].join()}`;
        });
      expect(systems(undrain)).toEqual(systems(drain).toReversed());
      expect(undrain?.waves.map((wave) => wave.length)).toEqual(
        drain?.waves.map((wave) => wave.length).reverse(),
      );
    }
  });

  it('each step to drain or remove a host runs somewhere', () => {
    for (const host of inventory.hosts) {
      const purposes: readonly Purpose[] = [
        { kind: 'drain', host },
        { kind: 'undrain', host },
        { kind: 'leave', host, how: 'alive' },
        { kind: 'leave', host, how: 'dead' },
      ];
      for (const purpose of purposes) {
        const plan = planOf(inventory, purpose);
        expect(stepsIn(plan).filter(({ hosts }) => hosts.length === 0)).toEqual([]);
        expect(new Set(names(plan.hosts))).toEqual(
          new Set(stepsIn(plan).flatMap(({ hosts }) => names(hosts))),
        );
      }
    }
  });

  it('a dead host has no part in its removal', () => {
    for (const host of inventory.hosts) {
      const plan = planOf(inventory, { kind: 'leave', host, how: 'dead' });
      expect(names(plan.hosts)).not.toContain(host.name);
      expect(stoppedOn(plan, host)).toEqual([]);
    }
  });

  it('a removal stops everything that osha runs on a host, and keeps what serves the host itself', () => {
    const deployment = planOf(inventory);
    const own = new Set(playbooks.flatMap(({ name, servesHost }) => (servesHost ? [name] : [])));
    for (const host of inventory.hosts) {
      const ran = [...runOn(deployment, host)];
      const kept = ran.flatMap(([phase, units]) => (own.has(phase) ? units : []));
      const expected = ran.flatMap(([phase, units]) => (own.has(phase) ? [] : units));
      const stopped = new Set(stoppedOn(planOf(inventory, { kind: 'leave', host, how: 'alive' }), host));
      // pcsd has to answer when the others remove the host from their cluster.
      expect(expected.filter((unit) => unit !== 'pcsd' && !stopped.has(unit))).toEqual([]);
      expect(kept.filter((unit) => stopped.has(unit))).toEqual([]);
    }
  });
});

describe('the removal of a controller of inventory/lab.yaml', () => {
  const inventory = load('lab.yaml');
  const [host] = inventory.hosts as [Host];
  const plan = planOf(inventory, { kind: 'leave', host, how: 'alive' });

  it('stops exactly the units that its systems run, what depends on others first', () => {
    expect(stoppedOn(plan, host)).toEqual([
      'pacemaker',
      'corosync',
      'haproxy',
      'etcd',
      'memcached',
      'rabbitmq-server',
      'osha-galera-health',
      'mariadb',
    ]);
  });

  it('stops nothing on other hosts', () => {
    for (const other of inventory.hosts.slice(1)) expect(stoppedOn(plan, other)).toEqual([]);
  });
});
