import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseDocument, type Document } from 'yaml';
import { KEY, KNOWN_HOSTS, LAB_DIR } from '../paths.ts';
import { INVENTORY } from '../core/hosts.ts';

export const SECRETS = join(dirname(INVENTORY), 'secrets.yaml');

/**
 * Writes the lab's inventory with an edit into its own folder, like another operator's checkout, with the secrets in the
 * file `secrets` (default: the original ones; none if false). Returns its path.
 */
export function checkoutWith(
  name: string,
  edit: (inventory: Document) => void,
  { secrets = SECRETS }: { readonly secrets?: string | false } = {},
): string {
  const folder = join(LAB_DIR, `harm-${name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const document = parseDocument(readFileSync(INVENTORY, 'utf8'));
  document.setIn(['ssh', 'identity'], KEY);
  document.setIn(['ssh', 'known_hosts'], KNOWN_HOSTS);
  edit(document);
  const file = join(folder, 'inventory.yaml');
  writeFileSync(file, document.toString());
  if (secrets !== false) copyFileSync(secrets, join(folder, 'secrets.yaml'));
  return file;
}
