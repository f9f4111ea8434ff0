import { existsSync, mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { playbooks } from '../../playbooks/index.ts';
import { inventoryTemplate } from '../inventory/template.ts';
import { appendLine, writeWholeFile } from '../secrets/whole-file.ts';
import { ensureSecrets } from '../secrets/write.ts';
import { hasErrors } from '../yaml/problem.ts';
import { readText } from '../yaml/read.ts';
import { InvalidFile, printProblems, UserError } from './errors.ts';
import { EXIT, type Io } from './io.ts';
import { schemaText } from './schema.ts';
import { secretRules } from '../playbook/playbook.ts';
import { trackedSecrets } from '../secrets/files.ts';

const INVENTORY = 'inventory.yaml';
const SCHEMA = 'inventory.schema.json';
const IGNORE = '.gitignore';
/** Temporary files of the secrets, too: an osha that is killed leaves one behind. */
const IGNORED = ['secrets.yaml', '.secrets.yaml.*', '.osha/'];
/** What everybody may read: the inventory holds no secrets. */
const MODE = 0o644;

/** Writes an inventory to begin with, and what belongs beside it. Returns the exit code. */
export async function init(io: Io, dir: string): Promise<number> {
  const folder = resolve(io.cwd, dir);
  const inventory = join(folder, INVENTORY);
  if (existsSync(inventory)) {
    throw new UserError(`${join(dir, INVENTORY)} already exists`, {
      hint: 'edit it, or name another folder',
    });
  }
  const ignored = ignoredIn(join(folder, IGNORE));
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
  const unignored = IGNORED.filter((pattern) => !ignored(pattern));
  if (unignored.length > 0) {
    appendLine(join(folder, IGNORE), unignored.join('\n'), MODE);
    written.push(`${IGNORE} (${unignored.join(', ')})`);
  }
  const defaults = Object.fromEntries(playbooks.map(({ name, settings }) => [name, settings.parse({})]));
  const { problems, generated } = await ensureSecrets(inventory, secretRules(playbooks, defaults));
  printProblems(io, [...problems, ...(await trackedSecrets(inventory))]);
  if (generated.length > 0) written.push('secrets.yaml');
  for (const file of written) io.stdout.write(`wrote ${join(dir, file)}\n`);
  const path = join(dir, INVENTORY);
  io.stdout.write(
    `\nNow put your hosts and addresses into ${path}, then:\n  osha validate ${path}\n  osha plan ${path}\n`,
  );
  return hasErrors(problems) ? EXIT.usage : EXIT.ok;
}

/**
 * Whether git ignores a pattern of `IGNORED` by this .gitignore. The last line about it counts, as for git; one that git
 * understands in another way is not recognised, and a line too many does no harm. Throws `InvalidFile` where it cannot be read.
 */
function ignoredIn(file: string): (pattern: string) => boolean {
  if (!existsSync(file)) return () => false;
  const { text, problem } = readText(file);
  if (problem !== undefined) throw new InvalidFile([problem]);
  const bare = (line: string): string =>
    line
      .trim()
      .replace(/^(!?)\//, '$1')
      .replace(/\/$/, '');
  const lines = text.split('\n').map(bare);
  return (pattern) => lines.lastIndexOf(bare(pattern)) > lines.lastIndexOf(`!${bare(pattern)}`);
}

/** A deployment's name from a folder's: what an inventory accepts. */
function nameFrom(folder: string): string {
  const name = folder.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[^A-Za-z]+/, '');
  return name.slice(0, 32) || 'cloud';
}
