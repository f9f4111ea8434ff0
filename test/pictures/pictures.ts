import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { playbooks } from '../../playbooks/index.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { platformIds } from '../../src/platform/index.ts';
import { formatProblem } from '../../src/yaml/problem.ts';
import { pictureOf } from './svg.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGE = join(ROOT, 'docs/architectures.md');

/** Where the pictures stand that the page shows. */
export const PICTURES = join(ROOT, 'docs/architectures');

/** The architectures that have a page: every example but those of the lab. */
export function architectureNames(): readonly string[] {
  return readdirSync(join(ROOT, 'inventory'))
    .filter((file) => file.endsWith('.yaml') && !file.startsWith('lab') && file !== 'secrets.yaml')
    .map((file) => basename(file, '.yaml'))
    .sort();
}

/** The picture that an architecture's inventory gives. Throws where the inventory is none. */
export function drawn(name: string): string {
  const file = join(ROOT, 'inventory', `${name}.yaml`);
  const { inventory, problems } = loadInventory(file, { playbooks, platforms: platformIds });
  if (!inventory) throw new Error(problems.map(formatProblem).join('\n'));
  return pictureOf(inventory);
}

export function pictureFile(name: string): string {
  return join(PICTURES, `${name}.svg`);
}

/** The page that the pictures are for. */
export function page(): string {
  return readFileSync(PAGE, 'utf8');
}
