import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { playbooks } from '../../playbooks/index.ts';
import { checkInventory, loadInventory, type LoadedInventory } from '../../src/inventory/load.ts';
import { fixedSchema } from '../../src/inventory/schema.ts';
import type { Inventory } from '../../src/inventory/types.ts';
import { createPlan, type Plan } from '../../src/planner/plan.ts';
import { platformIds, platformOf } from '../../src/platform/index.ts';
import { isRecord, parseYaml } from '../../src/yaml/parse.ts';
import { inventoriesWithSecrets } from '../support/inventories-with-secrets.ts';
import { COMPUTED } from './literals.ts';
import { ROOT } from './texts.ts';
import { secretRules } from '../../src/playbook/playbook.ts';
import { placeholders } from '../../src/secrets/rule.ts';

const options = { playbooks, platforms: platformIds };

/** What an inventory can have at its top. */
export const TOP_KEYS: readonly string[] = [
  ...Object.keys(fixedSchema.shape),
  ...playbooks.map((playbook) => playbook.name),
];

function load(file: string): Inventory {
  const { inventory, problems } = loadInventory(join(ROOT, file), options);
  if (!inventory) throw new Error(`${file}: ${problems.map(({ message }) => message).join('; ')}`);
  return inventory;
}

function rulesOf(inventory: Inventory): ReturnType<typeof secretRules> {
  return secretRules(
    playbooks.filter((playbook) => playbook.hosts(inventory).length > 0),
    inventory.settings,
  );
}

function planOf(inventory: Inventory): Plan {
  return createPlan({
    playbooks,
    inventory,
    secrets: placeholders(rulesOf(inventory)),
    platform: platformOf(inventory.platform),
    // A phase that runs only where it is named counts too.
    selection: { only: playbooks.filter(({ hosts }) => hosts(inventory).length > 0).map(({ name }) => name) },
  });
}

/** What the inventories that come with osha have between them. */
export interface Known {
  readonly phases: ReadonlySet<string>;
  /** `phase:step`. */
  readonly steps: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
  /** Hosts, by the inventory's file. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly stepsOf: ReadonlyMap<string, ReadonlySet<string>>;
}

export function knownNames(): Known {
  const files = readdirSync(join(ROOT, 'inventory'))
    .filter((name) => name.endsWith('.yaml') && name !== 'secrets.yaml')
    .map((name) => `inventory/${name}`);
  const shipped = files.map((file) => [file, load(file)] as const);
  const stepsOf = new Map(
    shipped.map(([file, inventory]) => [
      file,
      new Set(planOf(inventory).phases.flatMap(({ name, steps }) => steps.map(({ id }) => `${name}:${id}`))),
    ]),
  );
  const others = inventoriesWithSecrets.flatMap(([, text]) => {
    const { inventory } = checkInventory('/nowhere/inventory.yaml', text, options);
    return inventory ? [inventory] : [];
  });
  const inventories = [...shipped.map(([, inventory]) => inventory), ...others];
  return {
    phases: new Set(playbooks.map(({ name }) => name)),
    steps: new Set([...stepsOf.values()].flatMap((steps) => [...steps])),
    secrets: new Set(inventories.flatMap((inventory) => Object.keys(rulesOf(inventory)))),
    hosts: new Map(shipped.map(([file, { hosts }]) => [file, hosts.map(({ name }) => name)])),
    stepsOf,
  };
}

type Values = Readonly<Record<string, unknown>>;

const IMAGES: Values = { path: '/srv/gluster/images', mount: '/var/lib/glance/images', on: ['control'] };

/** Inventories to try a part of one in: what a part is about has to be there. */
const BASES: readonly Values[] = [
  { by: 'pacemaker' },
  { by: 'keepalived' },
  { by: 'pacemaker', cloud: true },
].map(({ by, cloud = false }) => {
  const controller = (n: number): Values => ({
    address: `10.0.0.1${n}`,
    roles: cloud ? ['controller', 'network', 'storage'] : ['controller'],
  });
  return {
    name: 'base',
    hosts: {
      ...Object.fromEntries([1, 2, 3].map((n) => [`controller${n}`, controller(n)])),
      ...(cloud ? { compute1: { address: '10.0.0.31', roles: ['compute'] } } : {}),
    },
    vips: Object.fromEntries(
      ['api', 'database'].map((name, n) => [name, { address: `10.0.0.2${n}/24`, interface: 'eth0', by }]),
    ),
    ...(cloud ? { openstack: { services: 'all' }, glusterfs: { volumes: { images: IMAGES } } } : {}),
  };
});

/** The reader's own files, and what only the reader or the program can fill in. */
const NOT_JUDGED = /^no such file: |\b(?:computed|FILE|NAME|NUMBER|DIR)\b/;

/**
 * What is wrong with a sample of an inventory: a whole one, or a part of one, which is then tried in inventories that
 * have everything else.
 */
export function mistakesIn(sample: string): readonly string[] {
  const text = sample.replaceAll(COMPUTED, 'computed');
  const { value: values, problems: asYaml } = parseYaml('/nowhere/inventory.yaml', text);
  if (asYaml.length > 0 || !isRecord(values))
    return [...told(asYaml), ...(isRecord(values) ? [] : ['no keys'])];
  const { problems } = checkInventory('/nowhere/inventory.yaml', text, options);
  if ('name' in values && 'hosts' in values) return told(problems);
  // The settings of a playbook that a sample names are for its own file to judge.
  const own = 'playbooks' in values ? Object.keys(values).filter((key) => !TOP_KEYS.includes(key)) : [];
  const there = withoutKeys(values, [...own, 'playbooks']);
  const tried = BASES.map((base) =>
    told(checkInventory('/nowhere/inventory.yaml', stringify(merged(base, there)), options).problems),
  );
  return tried.reduce((fewest, other) => (other.length < fewest.length ? other : fewest));
}

/** Hosts and virtual IPs come on top of those that are there; every other key takes the place of its own. */
function merged(base: Values, part: Values): Values {
  const both = Object.entries(part).map(([key, value]): readonly [string, unknown] => {
    const before = base[key];
    return ['hosts', 'vips'].includes(key) && isRecord(before) && isRecord(value)
      ? [key, { ...before, ...value }]
      : [key, value];
  });
  return { ...base, ...Object.fromEntries(both) };
}

function withoutKeys(values: Values, keys: readonly string[]): Values {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !keys.includes(key)));
}

function told(problems: LoadedInventory['problems']): readonly string[] {
  return problems
    .filter(({ severity, message }) => severity !== 'advice' && !NOT_JUDGED.test(message))
    .map(({ message, hint }) => (hint === undefined ? message : `${message}; ${hint}`));
}

/** Parts of an inventory that stand in a text: `galera: { writers: all }`. */
export function samplesIn(text: string): readonly string[] {
  const beginning = new RegExp(
    `(?<![\\w.$-])(?:${TOP_KEYS.filter((key) => key !== 'name').join('|')}): \\{(?!computed\\})`,
    'g',
  );
  return [...text.matchAll(beginning)].flatMap(({ 0: start, index }) => {
    const length = balanced(text.slice(index + start.length - 1));
    const sample = text.slice(index, index + start.length - 1 + length);
    return sample.includes('...') ? [] : [sample];
  });
}

/** How long the braces are that `text` begins with. */
function balanced(text: string): number {
  let depth = 0;
  for (const [index, sign] of [...text].entries()) {
    if (sign === '{') depth += 1;
    if (sign === '}') depth -= 1;
    if (depth === 0) return index + 1;
  }
  return text.length;
}
