import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readInventory, type LabInventory } from './inventory.ts';
import { DEFAULT_INVENTORY, LAB_DIR } from './paths.ts';

/** Records which lab was brought up last. */
const CURRENT = join(LAB_DIR, 'current');

/** The inventory of the current lab: the given one, or that of the lab brought up last. */
export function currentLab(inventory?: string): LabInventory {
  if (inventory !== undefined) return readInventory(inventory);
  const last = existsSync(CURRENT) ? readFileSync(CURRENT, 'utf8').trim() : DEFAULT_INVENTORY;
  return readInventory(existsSync(last) ? last : DEFAULT_INVENTORY);
}

/** Makes the lab of that inventory the default; without a file, there is none. */
export function rememberLab(file: string | undefined): void {
  if (file === undefined) {
    rmSync(CURRENT, { force: true });
    return;
  }
  mkdirSync(LAB_DIR, { recursive: true });
  writeFileSync(CURRENT, `${file}\n`);
}
