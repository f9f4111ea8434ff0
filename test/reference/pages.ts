import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { playbooks } from '../../playbooks/index.ts';
import { platformIds } from '../../src/platform/index.ts';
import { realProgram } from '../examples/commands.ts';
import { commandsPage } from './commands-page.ts';
import { inventoryPage } from './inventory-page.ts';
import { inventoryJsonSchema } from '../../src/inventory/schema.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** The pages that are generated, by what each is generated from. */
const PAGES: Readonly<Record<string, () => string>> = {
  'docs/commands.md': () => commandsPage(realProgram()),
  'docs/inventory.md': () => inventoryPage(inventoryJsonSchema(playbooks, platformIds)),
};

export function pageFiles(): readonly string[] {
  return Object.keys(PAGES);
}

export function pathOf(file: string): string {
  return join(ROOT, file);
}

/** The page as it is in the repository. */
export function kept(file: string): string {
  return readFileSync(pathOf(file), 'utf8');
}

/** The page as the sources give it, formatted like every other file. */
export async function generated(file: string): Promise<string> {
  const page = PAGES[file];
  if (!page) throw new Error(`${file} is not generated`);
  return format(page(), { ...(await resolveConfig(pathOf(file))), parser: 'markdown' });
}
