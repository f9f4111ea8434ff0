import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseDocument, type Document } from 'yaml';
import { KEY, KNOWN_HOSTS, LAB_DIR } from '../paths.ts';
import { INVENTORY } from '../core/hosts.ts';

export const SECRETS = join(dirname(INVENTORY), 'secrets.yaml');

/**
 * The lab's inventory with an edit, in a folder of its own, as another operator's checkout has it; with the secrets in
 * the file `secrets` (default: the first one's; none when it is false). Returns its path.
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
