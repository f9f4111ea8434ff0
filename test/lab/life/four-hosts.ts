import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument, type Document, type Node } from 'yaml';
import { INVENTORY } from '../core/hosts.ts';
import { LAB_DIR } from '../paths.ts';

export const FOURTH = 'controller4';
export const FOURTH_ADDRESS = '172.29.77.14';

/** The entry of a fourth controller, which is not part of the deployment at first. */
export function fourthHost(inventory: Document): Node {
  return inventory.createNode({ address: FOURTH_ADDRESS, roles: ['controller'] }, { flow: true });
}

/** Writes the lab's inventory with a fourth controller, for the lab to start its hosts. Returns its path. */
export function labOfFour(): string {
  mkdirSync(LAB_DIR, { recursive: true });
  const file = join(LAB_DIR, 'four-hosts.yaml');
  const document = parseDocument(readFileSync(INVENTORY, 'utf8'));
  document.setIn(['hosts', FOURTH], fourthHost(document));
  writeFileSync(file, document.toString({ lineWidth: 0 }));
  return file;
}
