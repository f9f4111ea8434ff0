import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RunRecord } from '../journal/runs.ts';
import { UserError } from './errors.ts';
import type { Io } from './io.ts';

/**
 * The runs of one inventory; without one, those of every inventory in this folder and in the folders directly in it.
 * The latest first.
 */
export async function recordedRuns(io: Io, inventory: string | undefined): Promise<readonly RunRecord[]> {
  const [{ listRuns }, { runsFolder }] = await Promise.all([
    import('../journal/runs.ts'),
    import('../journal/record.ts'),
  ]);
  if (inventory !== undefined) {
    const file = resolve(io.cwd, inventory);
    if (!existsSync(file)) throw new UserError(`${inventory}: no such file`);
    return listRuns(runsFolder(file)).filter((run) => run.meta.inventory === file);
  }
  const folders = readdirSync(io.cwd, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
    .map((entry) => join(io.cwd, entry.name));
  return [io.cwd, ...folders]
    .flatMap((folder) => listRuns(join(folder, '.osha', 'runs')))
    .sort((a, b) => b.id.localeCompare(a.id));
}

/** The run that `name` means: its id, the beginning or the end of it, or `last`. Throws `UserError`. */
export function findRun(runs: readonly RunRecord[], name: string): RunRecord {
  if (runs.length === 0) {
    throw new UserError('no runs are recorded here', {
      hint: 'name the inventory as well, or change to its folder',
    });
  }
  const matching =
    name === 'last'
      ? runs.slice(0, 1)
      : runs.filter((run) => run.id === name || run.id.startsWith(name) || run.id.endsWith(name));
  const [found, ...others] = matching;
  if (!found) throw new UserError(`no run is called "${name}"`, { hint: 'list them: osha history' });
  if (others.length > 0) {
    throw new UserError(`"${name}" means ${matching.length} runs`, {
      hint: `give more of its name: ${matching
        .slice(0, 5)
        .map((run) => run.id)
        .join(', ')}`,
    });
  }
  return found;
}
