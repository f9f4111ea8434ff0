import { existsSync, mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { playbooks } from '../../playbooks/index.ts';
import { inventoryTemplate } from '../inventory/template.ts';
import { secretRules } from '../playbook/secret-rules.ts';
import { writeWholeFile } from '../secrets/whole-file.ts';
import { ensureSecrets } from '../secrets/write.ts';
import { visibleInLine } from '../text/visible.ts';
import { formatProblem, hasErrors } from '../yaml/problem.ts';
import { UserError } from './errors.ts';
import { EXIT, type Io } from './io.ts';
import { schemaText } from './schema.ts';

const INVENTORY = 'inventory.yaml';
const SCHEMA = 'inventory.schema.json';
/** What everybody may read: the inventory holds no secrets. */
const MODE = 0o644;

/** Writes an inventory to begin with, and what belongs beside it. Returns the exit code. */
export async function init(io: Io, dir: string): Promise<number> {
  const folder = resolve(io.cwd, dir);
  const inventory = join(folder, INVENTORY);
  if (existsSync(inventory)) {
    throw new UserError(`${join(dir, INVENTORY)} is there already`, {
      hint: 'edit it, or name another folder',
    });
  }
  mkdirSync(folder, { recursive: true });
  const name = nameFrom(basename(folder));
  writeWholeFile(inventory, inventoryTemplate({ name, sections: playbooks, schema: `./${SCHEMA}` }), MODE);
  const written = [INVENTORY];
  const add = (file: string, text: string): void => {
    if (existsSync(join(folder, file))) return;
    writeWholeFile(join(folder, file), text, MODE);
    written.push(file);
  };
  add(SCHEMA, await schemaText());
  add('.gitignore', 'secrets.yaml\n.secrets.yaml.*\n.osha/\n');
  const defaults = Object.fromEntries(playbooks.map(({ name, settings }) => [name, settings.parse({})]));
  const { problems, generated } = await ensureSecrets(inventory, secretRules(playbooks, defaults));
  for (const problem of problems) io.stderr.write(`${visibleInLine(formatProblem(problem))}\n`);
  if (generated.length > 0) written.push('secrets.yaml');
  for (const file of written) io.stdout.write(`wrote ${join(dir, file)}\n`);
  const path = join(dir, INVENTORY);
  io.stdout.write(
    `\nNow put your hosts and addresses into ${path}, then:\n  osha validate ${path}\n  osha plan ${path}\n`,
  );
  return hasErrors(problems) ? EXIT.usage : EXIT.ok;
}

/** A deployment's name from a folder's: what an inventory accepts. */
function nameFrom(folder: string): string {
  const name = folder.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[^A-Za-z]+/, '');
  return name.slice(0, 32) || 'cloud';
}
