import type { Change, Effect } from 'osha';
import type { Cib, CibResource } from './cib.ts';
import { constraintCommand, constraintId, constraintInWords } from './constraints.ts';
import { cloneOf, type DesiredConstraint, type DesiredGroup, type DesiredResource } from './desired.ts';
import { batch, edit, optionWords, pcs } from './pcs.ts';

/** The constraints that a new thing is made together with, by the ids that come with it; each is given away once. */
export type Attach = (ids: readonly string[]) => readonly DesiredConstraint[];

/** One step of a batch: what it does in words and to resources, its commands, and the ids that it makes. */
interface Part {
  readonly words: string;
  readonly effects: readonly Effect[];
  readonly commands: readonly string[];
  readonly makes: readonly string[];
}

function together(parts: readonly Part[], attached: readonly DesiredConstraint[]): Change {
  const all: readonly Part[] = [
    ...parts,
    ...attached.map((one) => ({
      words: constraintInWords(one),
      // It is about what is made here, which has not run yet.
      effects: [],
      commands: [constraintCommand(one)],
      makes: [constraintId(one)],
    })),
  ];
  return batch(all.map(({ words }) => words).join('; '), {
    effects: [...new Set(all.flatMap(({ effects }) => effects))],
    commands: all.flatMap(({ commands }) => commands),
    makes: all.flatMap(({ makes }) => makes),
  });
}

function creation(
  desired: DesiredResource,
  where: { readonly words?: string; readonly place?: string; readonly effects?: readonly Effect[] },
): Part {
  const { id, agent, monitorSeconds, clone } = desired;
  return {
    words: `create ${id} (${agent})${clone ? ' on every member' : ''}${where.words ?? ''}`,
    effects: where.effects ?? ['starts'],
    commands: [
      edit(
        `resource create ${id} ${agent}${optionWords(desired.options)} op monitor interval=${monitorSeconds}s${clone ? ' clone' : ''}${where.place ?? ''}`,
      ),
    ],
    makes: [id, ...(clone ? [cloneOf(id)] : [])],
  };
}

/** Out of the clone or the group that it is in. */
function leaving(found: CibResource): readonly string[] {
  if (found.cloned) return [edit(`resource unclone ${found.id}`)];
  return found.group === undefined ? [] : [edit(`resource group remove ${found.group} ${found.id}`)];
}

/** The resource of that id, where it is of the desired kind; the change that removes it where it is not. */
function kept(desired: DesiredResource, cib: Cib): { found?: CibResource; removal: readonly Change[] } {
  const found = cib.resources.find(({ id }) => id === desired.id);
  if (!found) return { removal: [] };
  if (found.agent === desired.agent) return { found, removal: [] };
  const words = `remove ${found.id}, which is another kind of resource (${found.agent})`;
  // Without --force: it is stopped before it goes, or what takes its place could run twice for a moment.
  return { removal: [pcs(words, `resource delete ${found.id}`, ['stops'])] };
}

/** What is left to do for a resource that is in no group. */
export function resourceChanges(desired: DesiredResource, cib: Cib, attach: Attach): readonly Change[] {
  const { id, clone = false } = desired;
  const { found, removal } = kept(desired, cib);
  const ids = [id, ...(clone ? [cloneOf(id)] : [])];
  if (!found) return [...removal, together([creation(desired, {})], attach(ids))];
  const moves = found.cloned !== clone || found.group !== undefined;
  const words =
    found.group === undefined
      ? `run ${id} on ${clone ? 'every member' : 'one member only'}`
      : `take ${id} out of the group ${found.group}${clone ? ', to run on every member' : ''}`;
  const commands = [...leaving(found), ...(clone ? [edit(`resource clone ${id}`)] : [])];
  const makes = clone ? [cloneOf(id)] : [];
  return [
    ...(moves ? [together([{ words, effects: MOVES, commands, makes }], attach(ids))] : []),
    ...optionChanges(desired, found),
    ...(found.disabled ? [enabling(id)] : []),
  ];
}

/** It runs elsewhere, on fewer hosts, or after other resources than before. */
const MOVES: readonly Effect[] = ['stops', 'restarts'];

/** What is pending for a group and its resources: their order, and each resource. */
export function groupChanges(group: DesiredGroup, cib: Cib, attach: Attach): readonly Change[] {
  const live = cib.groups.find(({ id }) => id === group.id);
  const resources = group.resources.map((desired) => ({ desired, ...kept(desired, cib) }));
  const ids = group.resources.map(({ id }) => id);
  const inside = (live?.resources ?? []).filter((id) =>
    resources.some(({ desired, found }) => found !== undefined && desired.id === id),
  );
  const inOrder = inside.join() === ids.filter((id) => inside.includes(id)).join();
  const parts = resources.flatMap(({ desired, found }, index): readonly Part[] => {
    const before = ids[index - 1];
    const next = inside[0];
    const place =
      before === undefined ? (next === undefined ? '' : ` --before ${next}`) : ` --after ${before}`;
    const position = before === undefined ? '' : ` after ${before}`;
    if (!found) {
      const words = ` in the group ${group.id}${position}`;
      // What comes after it in the group is started again after it.
      const effects: readonly Effect[] = live === undefined ? ['starts'] : ['starts', 'restarts'];
      return [creation(desired, { words, place: ` --group ${group.id}${place}`, effects })];
    }
    const add = edit(`resource group add ${group.id} ${desired.id}${place}`);
    if (found.group !== group.id) {
      const words = `move ${desired.id} into the group ${group.id}${position}`;
      return [{ words, effects: MOVES, commands: [...leaving(found), add], makes: [] }];
    }
    if (inOrder || before === undefined) return [];
    return [{ words: `put ${desired.id} after ${before}`, effects: MOVES, commands: [add], makes: [] }];
  });
  const made = parts.map((part) => ({ ...part, makes: [group.id, ...part.makes] }));
  return [
    ...resources.flatMap(({ removal }) => removal),
    ...(made.length === 0 ? [] : [together(made, attach([group.id, ...ids]))]),
    ...resources.flatMap(({ desired, found }) => (found ? optionChanges(desired, found) : [])),
    ...resources.flatMap(({ found }) => (found?.disabled ? [enabling(found.id)] : [])),
    ...(live?.disabled ? [enabling(group.id)] : []),
  ];
}

function optionChanges(desired: DesiredResource, found: CibResource): readonly Change[] {
  const monitor = `${desired.monitorSeconds}s`;
  const changed = [
    ...Object.entries(desired.options).map(
      ([name, value]) => [name, value, found.options.get(name) ?? ''] as const,
    ),
    ['monitor', monitor, found.monitor ?? ''] as const,
  ].filter(([, value, before]) => value !== before);
  if (changed.length === 0) return [];
  const words = changed.map(([name, value, before]) => `${name} from ${before || 'nothing'} to ${value}`);
  return [
    pcs(
      `change ${desired.id}: ${words.join(', ')}`,
      `resource update ${desired.id}${optionWords(desired.options)} op monitor interval=${monitor}`,
      changed.every(([name]) => name === 'monitor') ? [] : ['restarts'],
    ),
  ];
}

function enabling(id: string): Change {
  return pcs(`let ${id} run, which was disabled`, `resource enable ${id}`, ['starts']);
}
