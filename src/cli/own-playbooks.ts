import { register } from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Playbook } from '../playbook/playbook.ts';
import { START } from '../yaml/problem.ts';
import { readText } from '../yaml/read.ts';
import type { Io } from './io.ts';
import { PlaybookFile, type LocatedPlace } from './playbook-file.ts';

const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/**
 * The playbooks that a user's file exports by default. TypeScript is compiled as it is loaded; `osha` and, where the file
 * has none of its own, `zod` are those of this very package, because a second copy of osha would not know the first one's
 * secrets. Throws `PlaybookFault`, as does later whatever the playbooks' own code does wrong.
 */
export async function ownPlaybooks(
  io: Io,
  name: string,
  options: { readonly entry?: LocatedPlace } = {},
): Promise<readonly Playbook[]> {
  const path = resolve(io.cwd, name);
  const [face, { guardedPlaybook }] = await Promise.all([
    import('../index.ts'),
    import('./guarded-playbook.ts'),
  ]);
  const read = readText(path);
  const { entry } = options;
  const file = new PlaybookFile({ name, path, text: read.text ?? '', cwd: io.cwd, face: { ...face }, entry });
  if (read.problem) {
    throw file.fault(read.problem.message, 'name a TypeScript or JavaScript file that exports a playbook', {
      ...START,
    });
  }
  if (!EXTENSIONS.includes(extname(path))) {
    throw file.fault(
      `a playbook is a file that ends in ${EXTENSIONS.join(', ')}`,
      'osha run PLAYBOOK INVENTORY',
    );
  }
  await compileAsLoaded();
  const exported = await load(file, path);
  const playbooks: readonly unknown[] = Array.isArray(exported) ? exported : [exported];
  if (playbooks.length === 0) throw file.fault('its default export is an empty list', 'export a playbook');
  return playbooks.map((playbook) => guardedPlaybook(file, playbook));
}

/** What the resolver is told. */
export interface Resolution {
  /** The URL of this package's public face. */
  readonly osha: string;
  /** Whose packages are used where the user's file has none. */
  readonly self: string;
}

/** From here on this process can load TypeScript, and finds `osha` whoever asks. Doing it again changes nothing. */
async function compileAsLoaded(): Promise<void> {
  const { register: compileTypeScript } = await import('tsx/esm/api');
  compileTypeScript();
  const extension = extname(import.meta.url);
  register<Resolution>(new URL(`./resolve-osha${extension}`, import.meta.url), {
    data: { osha: new URL(`../index${extension}`, import.meta.url).href, self: import.meta.url },
  });
}

async function load(file: PlaybookFile, path: string): Promise<unknown> {
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module;
  } catch (error) {
    throw file.thrown('it cannot be loaded', error);
  }
  // A CommonJS file has its exports as a whole below `default`.
  const exported = module.default;
  return typeof exported === 'object' && exported !== null && 'default' in exported
    ? exported.default
    : exported;
}
