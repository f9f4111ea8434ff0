import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readInventory, type LabInventory } from './inventory.ts';
import { DEFAULT_INVENTORY, LAB_DIR } from './paths.ts';

/** The file that says which lab was brought up last. */
const CURRENT = join(LAB_DIR, 'current');

/** The inventory of the lab that is meant: the given one, or that of the lab which was brought up last. */
export function currentLab(inventory?: string): LabInventory {
  if (inventory !== undefined) return readInventory(inventory);
  const last = existsSync(CURRENT) ? readFileSync(CURRENT, 'utf8').trim() : DEFAULT_INVENTORY;
  return readInventory(existsSync(last) ? last : DEFAULT_INVENTORY);
}

/** From now on the lab of that inventory is the one that is meant where none is named; without a file, none is. */
export function rememberLab(file: string | undefined): void {
  if (file === undefined) {
    rmSync(CURRENT, { force: true });
    return;
  }
  mkdirSync(LAB_DIR, { recursive: true });
  writeFileSync(CURRENT, `${file}\n`);
}
