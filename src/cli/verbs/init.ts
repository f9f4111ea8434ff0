import { existsSync, mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { appendLine, writeWholeFile } from '../../secrets/whole-file.ts';
import { hasErrors } from '../../yaml/problem.ts';
import { InvalidFile, printProblems, UserError } from '../errors.ts';
import { EXIT, type Io } from '../io.ts';
import { exiting, type Register } from '../register.ts';
import { schemaText } from './schema.ts';

const INVENTORY = 'inventory.yaml';
const SCHEMA = 'inventory.schema.json';
const IGNORE = '.gitignore';
/** Includes temporary files of the secrets: an osha that is killed leaves one behind. */
const IGNORED = ['secrets.yaml', '.secrets.yaml.*', '.osha/'];
/** World-readable: an inventory holds no secrets. */
const MODE = 0o644;

export const registerInit: Register = (program, cli) => {
  program
    .command('init')
    .summary('write an inventory to start from')
    .description(
      'Writes a commented inventory of three controllers, generates its secrets next to it, and keeps both the secrets and ' +
        'the records of runs out of git. Never overwrites an existing file.',
    )
    .argument('[dir]', 'the folder; created if it does not exist', '.')
    .addHelpText('after', '\nExamples:\n  osha init prod\n  osha init')
    .action(exiting(cli, (dir: string) => init(cli.io, dir)));
};

/** Writes an inventory to start from, and the files that belong next to it. Returns the exit code. */
async function init(io: Io, dir: string): Promise<number> {
  const folder = resolve(io.cwd, dir);
  const inventory = join(folder, INVENTORY);
  if (existsSync(inventory)) {
    throw new UserError(`${join(dir, INVENTORY)} already exists`, {
      hint: 'edit it, or name another folder',
    });
  }
  const isIgnored = await ignoredIn(join(folder, IGNORE));
  const [{ playbooks }, { inventoryTemplate }, { secretRules }, { trackedSecrets }, { ensureSecrets }] =
    await Promise.all([
      import('../../../playbooks/index.ts'),
      import('../../inventory/template.ts'),
      import('../../playbook/playbook.ts'),
      import('../../secrets/files.ts'),
      import('../../secrets/write.ts'),
    ]);
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
  const unignored = IGNORED.filter((pattern) => !isIgnored(pattern));
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
 * Whether this .gitignore has a pattern of `IGNORED`. The last line about it counts, as in git. Equivalent patterns are not
 * recognised: an extra line does no harm. Throws `InvalidFile` where the file cannot be read.
 */
async function ignoredIn(file: string): Promise<(pattern: string) => boolean> {
  if (!existsSync(file)) return () => false;
  const { readText } = await import('../../yaml/read.ts');
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

/** A name that an inventory accepts, made from that of the folder. */
function nameFrom(folder: string): string {
  const name = folder.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[^A-Za-z]+/, '');
  return name.slice(0, 32) || 'cloud';
}
