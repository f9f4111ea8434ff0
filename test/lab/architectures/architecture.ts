import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { playbooks } from '../../../playbooks/index.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import type { Inventory } from '../../../src/inventory/types.ts';
import { createPlan } from '../../../src/planner/plan.ts';
import { platformIds, platformOf } from '../../../src/platform/index.ts';
import { formatProblem } from '../../../src/yaml/problem.ts';
import { ROOT } from '../paths.ts';
import { hostsOf, type Hosts } from '../support/hosts.ts';
import { secretRules } from '../../../src/playbook/playbook.ts';
import { placeholders } from '../../../src/secrets/rule.ts';

/** An inventory that is deployed on the lab, and its hosts there. */
export interface Architecture {
  readonly name: string;
  /** Its path on the command line. */
  readonly file: string;
  readonly inventory: Inventory;
  /** Names of all hosts. */
  readonly names: readonly string[];
  readonly lab: Hosts;
  /** The hosts of each system, by playbook. */
  readonly systems: ReadonlyMap<string, readonly string[]>;
  /** The systems with health checks. */
  readonly observed: readonly string[];
}

/** A property that is tested on every architecture it applies to. */
export interface Aspect {
  readonly title: string;
  fits(architecture: Architecture): boolean;
  /** Declares the tests. Each aspect starts from a healthy deployment, and leaves one behind. */
  tests(architecture: Architecture): void;
}

/** In deployment order, from few hosts to many. */
const ARCHITECTURES = [
  'three-controllers',
  'two-controllers',
  'separate-load-balancers',
  'active-passive',
  'cluster-per-service',
];

/** The architectures in `OSHA_ARCHITECTURES=NAME,...` (default: all). A path names any other inventory. */
export function chosenArchitectures(): readonly Architecture[] {
  const words = (process.env['OSHA_ARCHITECTURES'] ?? '').split(',').filter((word) => word !== '');
  return (words.length === 0 ? ARCHITECTURES : words).map((word) =>
    architectureOf(word.includes('/') ? word : `inventory/${word}.yaml`),
  );
}

function architectureOf(file: string): Architecture {
  if (!existsSync(join(ROOT, file)) && !existsSync(file)) {
    throw new Error(
      `no such file: ${file}; OSHA_ARCHITECTURES takes paths or any of ${ARCHITECTURES.join(',')}`,
    );
  }
  const { inventory, problems } = loadInventory(file, { playbooks, platforms: platformIds });
  if (!inventory) throw new Error(problems.map(formatProblem).join('\n'));
  const present = playbooks.filter((playbook) => playbook.hosts(inventory).length > 0);
  const { phases } = createPlan({
    playbooks,
    inventory,
    secrets: placeholders(secretRules(present, inventory.settings)),
    platform: platformOf(inventory.platform),
  });
  return {
    name: basename(file, '.yaml'),
    file,
    inventory,
    names: inventory.hosts.map(({ name }) => name),
    lab: hostsOf(file),
    systems: new Map(phases.map(({ name, hosts }) => [name, hosts.map((host) => host.name)])),
    observed: phases.filter(({ health }) => health.length > 0).map(({ name }) => name),
  };
}
