import { z } from 'zod';
import { playbooks } from '../../../playbooks/index.ts';
import { checkInventory } from '../../../src/inventory/load.ts';
import type { Host, Inventory } from '../../../src/inventory/types.ts';
import { createPlan, type Plan } from '../../../src/planner/plan.ts';
import { platformIds, platformOf } from '../../../src/platform/index.ts';
import type { Operation } from '../../../src/playbook/operation.ts';
import { everyHost, playbook, secretRules, type Frontend } from '../../../src/playbook/playbook.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { KEY } from '../../operations/tls/samples.ts';
import type { PathState } from '../../../src/operations/file.ts';
import { siteOf, type Site } from '../../../playbooks/openstack/site.ts';

/** The plan of an inventory with all playbooks, and a value for every secret. */
export interface Deployment {
  readonly inventory: Inventory;
  readonly plan: Plan;
  readonly frontends: readonly Frontend[];
  readonly secrets: readonly Secret[];
}

/** A file that a phase places on a host. */
export interface Placed {
  readonly host: string;
  readonly phase: string;
  readonly path: string;
  readonly text: string;
  /** The text with its secrets masked. */
  readonly masked: string;
  readonly mode: number;
  /** The script that creates it, with its owner. */
  readonly script: string;
}

/** Two controllers, a network host, a compute host, and a host with all three roles. */
export const HOSTS = `
  c1: { address: 192.0.2.11, roles: [controller] }
  c2: { address: 192.0.2.12, roles: [controller] }
  all1: { address: 192.0.2.13, roles: [controller, network, compute] }
  n1: { address: 192.0.2.21, roles: [network] }
  k1: { address: 192.0.2.31, roles: [compute] }
`;

const VIPS = `
  api: { address: 192.0.2.100/24, interface: eth0 }
  database: { address: 192.0.2.101/24, interface: eth0 }
`;

export interface Asked {
  readonly hosts?: string;
  readonly vips?: string;
  /** Default: all services. */
  readonly openstack?: string;
  /** Further keys of the inventory. */
  readonly more?: string;
}

/** The text of an inventory with OpenStack. */
export function inventoryText({
  hosts = HOSTS,
  vips = VIPS,
  openstack = 'services: all',
  more = '',
}: Asked = {}): string {
  return `name: prod
hosts:${hosts.trimEnd()}
vips:${vips.trimEnd()}
openstack: { ${openstack} }
${more}
`;
}

/** Throws if the inventory has errors. */
export function deploymentOf(text: string): Deployment {
  const { inventory, problems } = checkInventory('/site/prod.yaml', text, {
    playbooks,
    platforms: platformIds,
  });
  if (!inventory) throw new Error(problems.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  const rules = Object.entries(secretRules(playbooks, inventory.settings));
  const secrets = rules.map(([name, rule]) => new Secret(name, 'kind' in rule ? KEY : `value-of-${name}`));
  const request = {
    playbooks,
    inventory,
    secrets: Object.fromEntries(secrets.map((secret) => [secret.name, secret])),
    platform: platformOf(inventory.platform),
  };
  let frontends: readonly Frontend[] = [];
  const witness = playbook({
    name: 'witness',
    title: 'Collects the frontends',
    hosts: everyHost,
    settings: z.strictObject({}),
    steps: (context) => {
      frontends = context.frontends;
      return [];
    },
  });
  createPlan({ ...request, playbooks: [...playbooks, witness] });
  return { inventory, plan: createPlan(request), frontends, secrets };
}

/** The deployment of an inventory with OpenStack. */
export function deployment(asked: Asked = {}): Deployment {
  return deploymentOf(inventoryText(asked));
}

export interface PlannedOperation {
  readonly host: Host;
  readonly phase: string;
  readonly operation: Operation;
}

/** Every operation of every phase on every host. */
export function operationsOf({ plan }: Deployment): readonly PlannedOperation[] {
  return plan.phases.flatMap((phase) =>
    phase.steps.flatMap(({ step, hosts }) =>
      step.kind === 'host'
        ? hosts.flatMap((host) =>
            step.operations(host).map((operation) => ({ host, phase: phase.name, operation })),
          )
        : [],
    ),
  );
}

const MISSING: PathState = { kind: 'missing', parent: true };

/** Caches the files of a deployment, which many tests share. */
const found = new WeakMap<Deployment, readonly Placed[]>();

/** Every placement of a file on a host. Files with a special probe are left out. */
export function placedBy(deployed: Deployment): readonly Placed[] {
  const placed = found.get(deployed) ?? allPlaced(deployed);
  found.set(deployed, placed);
  return placed;
}

function allPlaced(deployed: Deployment): readonly Placed[] {
  return operationsOf(deployed).flatMap(({ host, phase, operation }) => {
    const { places, probe } = operation;
    // Others keep a part of the existing file, or do more than place it.
    if (!places || operation.title !== places.path || !(probe.input instanceof Secret)) return [];
    const { path, mode, content } = places;
    const shown = asSecretText(content);
    const [change] = operation.decide(MISSING);
    return {
      ...{ host: host.name, phase, path, mode },
      ...{ text: shown.reveal(), masked: shown.masked(), script: change?.script ?? '' },
    };
  });
}

/** The text of a file on a host. Throws if nothing places it. */
export function textOn(deployed: Deployment, host: string, path: string): string {
  const found = placedBy(deployed).find((placed) => placed.host === host && placed.path === path);
  if (!found) throw new Error(`nothing places ${path} on ${host}`);
  return found.text;
}

/** Keys and values of an INI file, by `section.key`. */
export function valuesOn(deployed: Deployment, host: string, path: string): Readonly<Record<string, string>> {
  let section = '';
  const values: Record<string, string> = {};
  for (const line of textOn(deployed, host, path).split('\n')) {
    section = /^\[(.*)\]$/.exec(line)?.[1] ?? section;
    const [, key, value] = /^([a-z0-9_]+) = (.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values[`${section}.${key}`] = value;
  }
  return values;
}

/** The `Site` of a deployment. */
export function siteIn({ inventory, secrets, frontends }: Deployment): Site {
  return siteOf({
    inventory,
    frontends,
    platform: platformOf(inventory.platform),
    secrets: Object.fromEntries(secrets.map((secret) => [secret.name, secret])),
  });
}
