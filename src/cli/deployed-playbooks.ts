import { register } from 'node:module';
import { homedir } from 'node:os';
import { dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NamedPlaybook, WrittenInventory } from '../inventory/load.ts';
import { fixedShape } from '../inventory/schema.ts';
import { inOrder } from '../planner/order.ts';
import { type Playbook, PlaybookFault } from '../playbook/playbook.ts';
import { suggestion } from '../yaml/nearest.ts';
import type { LocatedProblem } from '../yaml/problem.ts';
import { readText } from '../yaml/read.ts';
import type { Io } from './io.ts';
import { PlaybookFile, type LocatedPlace } from './playbook-file.ts';

/** The playbooks of a deployment. */
export interface DeployedPlaybooks {
  /** The built-in ones, then those that the inventory names, then those of the file that is run. */
  readonly playbooks: readonly Playbook[];
  /** Those of the file that is run; `undefined` where there is none, or where the inventory names it and it is faulty. */
  readonly run?: { readonly file: string; readonly playbooks: readonly Playbook[] } | undefined;
  /** What is wrong with the playbooks that the inventory names. */
  readonly problems: readonly LocatedProblem[];
}

/**
 * The built-in playbooks, the user's own that an inventory names, and those of the file `run`. Throws the `PlaybookFault`
 * of that file.
 */
export async function deployedPlaybooks(
  io: Io,
  written: WrittenInventory,
  builtIn: readonly Playbook[],
  run?: string,
): Promise<DeployedPlaybooks> {
  const named = written.playbooks.map((entry) => fileOf(written.file, entry));
  const wanted = run === undefined ? undefined : resolve(io.cwd, run);
  const isAlsoNamed = named.some(({ name }) => resolve(io.cwd, name) === wanted);
  const files = run === undefined || isAlsoNamed ? named : [...named, { name: run }];
  const known = [...builtIn];
  const loaded = (await ownPlaybooks(io, files))
    .map((own) => admitted(own, known))
    .map((own) => (own instanceof PlaybookFault ? own : (faultOfNeeds(own, known) ?? own)));
  const problems: LocatedProblem[] = [];
  let found: DeployedPlaybooks['run'];
  for (const [index, own] of loaded.entries()) {
    if (own instanceof PlaybookFault) problems.push(own.problem);
    else if (run !== undefined && own.file.path === wanted) found = { file: run, playbooks: own.playbooks };
    if (index >= named.length && own instanceof PlaybookFault) throw own;
  }
  return { playbooks: known, run: found, problems };
}

function fileOf(inventory: string, { name, line, column }: NamedPlaybook): OwnFile {
  const path = name.startsWith('~/') ? join(homedir(), name.slice(2)) : name;
  return {
    name: path.startsWith('/') ? path : join(dirname(inventory), path),
    entry: { file: inventory, line, column },
  };
}

/** Adds a file's playbooks to the known ones, unless a name is taken. */
function admitted(own: OwnPlaybooks | PlaybookFault, known: Playbook[]): OwnPlaybooks | PlaybookFault {
  if (own instanceof PlaybookFault) return own;
  const taken = new Set([
    ...Object.keys(fixedShape),
    ...known.flatMap(({ name, formerly }) => (formerly === undefined ? [name] : [name, formerly])),
  ]);
  for (const { name } of own.playbooks) {
    if (taken.has(name)) {
      return own.file.fault(
        `the name "${name}" is taken: by a built-in playbook, a key of every inventory, or another of your playbooks`,
        'give it another name',
        own.file.find(name),
      );
    }
    taken.add(name);
  }
  known.push(...own.playbooks);
  return own;
}

/** The fault of playbooks that need an unknown playbook, or each other in a circle. */
function faultOfNeeds(
  { file, playbooks }: OwnPlaybooks,
  known: readonly Playbook[],
): PlaybookFault | undefined {
  const names = known.map(({ name }) => name);
  for (const { name, needs = [] } of playbooks) {
    const unknown = needs.find((need) => !names.includes(need));
    if (unknown === undefined) continue;
    const message = `${name} needs "${unknown}", but there is no such playbook`;
    return file.fault(message, suggestion(unknown, names), file.find(unknown));
  }
  try {
    inOrder(known);
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    if (!playbooks.some(({ name }) => message.includes(` ${name}`))) return undefined;
    return file.fault(message, 'remove one of them from "needs"', file.find('needs'));
  }
}

const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/** A file with the user's own playbooks. */
interface OwnFile {
  /** Relative to the current folder. */
  readonly name: string;
  /** The entry of the inventory that names it: its faults are reported there. */
  readonly entry?: LocatedPlace | undefined;
}

/** What such a file has. */
interface OwnPlaybooks {
  readonly file: PlaybookFile;
  readonly playbooks: readonly Playbook[];
}

/**
 * The playbooks that the user's files export by default, or the fault of a file. TypeScript is compiled on loading. `osha`,
 * and `zod` where a file has none of its own, resolve to this package: a second copy of osha would not recognise the first
 * one's secrets. Errors in the playbooks' code throw `PlaybookFault` later, too.
 */
async function ownPlaybooks(
  io: Io,
  files: readonly OwnFile[],
): Promise<readonly (OwnPlaybooks | PlaybookFault)[]> {
  if (files.length === 0) return [];
  const face = { ...(await import('../index.ts')) };
  await enableTypeScript();
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

/** What `resolve-osha.ts` needs to resolve modules. */
export interface Resolution {
  /** The URL of this package's public face. */
  readonly osha: string;
  /** The module whose packages are used where the user's file has none. */
  readonly self: string;
}

/** Enables this process to load TypeScript, and to resolve `osha` in every module. Idempotent. */
async function enableTypeScript(): Promise<void> {
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
  // The exports of a CommonJS file are the `default` of the module.
  const exported = module.default;
  return typeof exported === 'object' && exported !== null && 'default' in exported
    ? exported.default
    : exported;
}
