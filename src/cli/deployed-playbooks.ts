import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { NamedPlaybook, WrittenInventory } from '../inventory/load.ts';
import { fixedShape } from '../inventory/schema.ts';
import { inOrder } from '../planner/order.ts';
import { type Playbook, PlaybookFault } from '../playbook/playbook.ts';
import { suggestion } from '../yaml/nearest.ts';
import type { LocatedProblem } from '../yaml/problem.ts';
import type { Io } from './io.ts';
import { ownPlaybooks, type OwnFile, type OwnPlaybooks } from './own-playbooks.ts';

/** The playbooks of a deployment. */
export interface DeployedPlaybooks {
  /** In deployment order: the built-in ones, then those that the inventory names, then those of the file that is run. */
  readonly playbooks: readonly Playbook[];
  /** Those of the file that is run alone; nothing where none is, or where the inventory names it and it is faulty. */
  readonly run?: { readonly file: string; readonly playbooks: readonly Playbook[] } | undefined;
  /** What is wrong with the playbooks that the inventory names. */
  readonly problems: readonly LocatedProblem[];
}

/**
 * The built-in playbooks, those of the user's own that an inventory names, and those of a file that is run alone.
 * Throws the `PlaybookFault` of the file that is run.
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

/** Adds a file's playbooks to those that are known, unless a name is taken. */
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

/** Playbooks that need what there is not, or themselves by way of others. */
function faultOfNeeds(
  { file, playbooks }: OwnPlaybooks,
  known: readonly Playbook[],
): PlaybookFault | undefined {
  const names = known.map(({ name }) => name);
  for (const { name, needs = [] } of playbooks) {
    const unknown = needs.find((need) => !names.includes(need));
    if (unknown === undefined) continue;
    const message = `${name} needs "${unknown}", which is no playbook`;
    return file.fault(message, suggestion(unknown, names), file.find(unknown));
  }
  try {
    inOrder(known);
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    if (!playbooks.some(({ name }) => message.includes(` ${name}`))) return undefined;
    return file.fault(message, 'take one of them out of "needs"', file.find('needs'));
  }
}
