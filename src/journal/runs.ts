import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '../runner/events.ts';
import { FILES, isRunId, type RunMeta, type Summary } from './record.ts';

export type RunState = 'ok' | 'failed' | 'unreachable' | 'refused' | 'interrupted' | 'running';

/** An event with the time of its record: ISO 8601, UTC. */
export type Recorded = RunEvent & { readonly time: string };

/** A recorded run. */
export interface RunRecord {
  readonly id: string;
  readonly folder: string;
  /** The file with all events. */
  readonly log: string;
  readonly meta: RunMeta;
  readonly state: RunState;
  /** Absent if the run was killed or is still running. */
  readonly summary?: Summary;
}

/** The runs recorded in a folder, latest first. A missing folder has none; broken records are skipped. */
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

/** All events of a run. Skips invalid lines: the last one may be truncated if the run was killed. */
export function readEvents(run: RunRecord): readonly Recorded[] {
  return textOf(run.log)
    .split('\n')
    .flatMap((line) => {
      const logged = parsed(line);
      if (!isEvent(logged)) return [];
      return [withoutLevel(logged)];
    });
}

/** Removes a field of pino, which has no meaning here. */
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
 * The required keys of a record and their types: anything may have changed the file since. `changes` is absent in records
 * of older versions.
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
    // EPERM: it exists, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readJson(file: string): unknown {
  return parsed(textOrEmpty(file));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    return orIfGone(error, []);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return orIfGone(error, '');
  }
}

/** For a file of one record: if it is damaged, deleted meanwhile or unreadable, the other records must still be listed. */
function textOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Another osha may delete old records at any time. Rethrows other errors. */
function orIfGone<T>(error: unknown, fallback: T): T {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return fallback;
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
