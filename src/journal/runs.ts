import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '../runner/events.ts';
import { FILES, type RunMeta, type Summary } from './record.ts';
import { isRunId } from './run-id.ts';

export type RunState = 'ok' | 'failed' | 'unreachable' | 'refused' | 'interrupted' | 'running';

/** An event, and when it was written down: ISO 8601, UTC. */
export type Recorded = RunEvent & { readonly time: string };

/** A run as its record tells it. */
export interface RunRecord {
  readonly id: string;
  readonly folder: string;
  /** The file that holds every event. */
  readonly log: string;
  readonly meta: RunMeta;
  readonly state: RunState;
  /** Absent where the run was killed, or still goes on. */
  readonly summary?: Summary;
}

/** The runs recorded in a folder, the latest first. A folder that is not there has none; a broken record is left out. */
export function listRuns(folder: string): readonly RunRecord[] {
  return namesIn(folder)
    .filter(isRunId)
    .sort()
    .reverse()
    .flatMap((id) => {
      const record = recordOf(join(folder, id));
      return record ? [record] : [];
    });
}

/** Everything that a run told. Its last line may be cut short, if the run was killed: what cannot be read is left out. */
export function readEvents(run: RunRecord): readonly Recorded[] {
  return textOf(run.log)
    .split('\n')
    .flatMap((line) => {
      const logged = parsed(line);
      if (!isEvent(logged)) return [];
      return [withoutLevel(logged)];
    });
}

/** pino's own field, which says nothing here. */
function withoutLevel(logged: Recorded): Recorded {
  return Object.fromEntries(Object.entries(logged).filter(([key]) => key !== 'level')) as Recorded;
}

function recordOf(folder: string): RunRecord | undefined {
  const meta = readJson(join(folder, FILES.meta));
  if (!isMeta(meta)) return undefined;
  const found = readJson(join(folder, FILES.summary));
  const summary = isSummary(found) ? found : undefined;
  return {
    id: meta.id,
    folder,
    log: join(folder, FILES.events),
    meta,
    state: summary ? stateOf(summary) : isAlive(meta) ? 'running' : 'interrupted',
    ...(summary ? { summary } : {}),
  };
}

/**
 * The keys of a record that are shown, and what they have to be: anything may have written to the file since. A record of
 * before changes were counted one by one has no `changes`.
 */
const META = {
  ...fields('string', ['id', 'startedAt', 'command', 'user', 'machine', 'version', 'inventory']),
  pid: 'number',
} as const;
const SUMMARY = {
  ...fields('number', ['ok', 'failed', 'skipped', 'unreachable', 'durationMs']),
  hosts: 'object',
} as const;

function fields(type: string, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, type]));
}

function hasFields(value: unknown, wanted: Readonly<Record<string, string>>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const found: Readonly<Record<string, unknown>> = { ...value };
  return Object.entries(wanted).every(([key, type]) => found[key] !== null && typeof found[key] === type);
}

function isMeta(value: unknown): value is RunMeta {
  return hasFields(value, META);
}

function isSummary(value: unknown): value is Summary {
  return hasFields(value, SUMMARY);
}

function stateOf(summary: Summary): RunState {
  if (summary.interrupted) return 'interrupted';
  if (summary.refused !== undefined) return 'refused';
  if (summary.failed > 0) return 'failed';
  return summary.unreachable > 0 ? 'unreachable' : 'ok';
}

function isAlive(meta: RunMeta): boolean {
  if (meta.machine !== hostname()) return false;
  try {
    process.kill(meta.pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readJson(file: string): unknown {
  return parsed(textOrNothing(file));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    return orWhereGone(error, []);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return orWhereGone(error, '');
  }
}

/** Of one record: damaged, taken away meanwhile, or not to be read by this user, it must not hide the others. */
function textOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Another osha may take old records away between any two looks; what else goes wrong is thrown on. */
function orWhereGone<T>(error: unknown, instead: T): T {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return instead;
  throw error;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isEvent(value: unknown): value is Recorded {
  if (typeof value !== 'object' || value === null || !('event' in value && 'time' in value)) return false;
  if (value.event === 'findings') return 'findings' in value && Array.isArray(value.findings);
  return value.event !== 'summary' || isSummary(value);
}
