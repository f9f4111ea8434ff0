import { register } from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Playbook, PlaybookFault } from '../playbook/playbook.ts';
import { readText } from '../yaml/read.ts';
import type { Io } from './io.ts';
import { PlaybookFile, type LocatedPlace } from './playbook-file.ts';

const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/** A file of the user's own, and where it was asked for. */
export interface OwnFile {
  /** Relative to the folder that osha was called in. */
  readonly name: string;
  /** The entry of the inventory that names it: that is where its faults are told. */
  readonly entry?: LocatedPlace | undefined;
}

/** What such a file has. */
export interface OwnPlaybooks {
  readonly file: PlaybookFile;
  readonly playbooks: readonly Playbook[];
}

/**
 * The playbooks that files of the user's own export by default, or what is wrong with a file. TypeScript is compiled as it
 * is loaded; `osha` and, where a file has none of its own, `zod` are those of this very package, because a second copy of
 * osha would not know the first one's secrets. Whatever the playbooks' code does wrong later throws `PlaybookFault`.
 */
export async function ownPlaybooks(
  io: Io,
  files: readonly OwnFile[],
): Promise<readonly (OwnPlaybooks | PlaybookFault)[]> {
  if (files.length === 0) return [];
  const face = { ...(await import('../index.ts')) };
  await compileAsLoaded();
  const found: (OwnPlaybooks | PlaybookFault)[] = [];
  for (const { name, entry } of files) {
    const path = resolve(io.cwd, name);
    const read = readText(path);
    const file = new PlaybookFile({ name, path, text: read.text ?? '', cwd: io.cwd, face, entry });
    try {
      if (read.problem) {
        const hint = 'name a TypeScript or JavaScript file that exports a playbook';
        throw file.fault(read.problem.message, hint);
      }
      found.push({ file, playbooks: await playbooksOf(file, path) });
    } catch (error) {
      if (!(error instanceof PlaybookFault)) throw error;
      found.push(error);
    }
  }
  return found;
}

async function playbooksOf(file: PlaybookFile, path: string): Promise<readonly Playbook[]> {
  if (!EXTENSIONS.includes(extname(path))) {
    throw file.fault(
      `a playbook is a file that ends in ${EXTENSIONS.join(', ')}`,
      'osha run PLAYBOOK.ts INVENTORY',
    );
  }
  const [exported, { guardedPlaybook }] = await Promise.all([
    load(file, path),
    import('./guarded-playbook.ts'),
  ]);
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

/** From here on this process can load TypeScript, and resolves `osha` for every module. Idempotent. */
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
