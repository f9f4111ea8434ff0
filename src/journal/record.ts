import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { RunEvent } from '../runner/events.ts';

export type Summary = Extract<RunEvent, { event: 'summary' }>;

/** The facts about a run that are recorded before it starts. */
export interface RunMeta {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** The command line, with secrets masked. */
  readonly command: string;
  readonly user: string;
  /** The machine that osha ran on. */
  readonly machine: string;
  readonly pid: number;
  readonly version: string;
  readonly inventory: string;
  /** Shows whether two runs had the same inventory. */
  readonly inventorySha256: string;
}

/** The files in a run's folder. */
export const FILES = { meta: 'meta.json', events: 'events.jsonl', summary: 'summary.json' } as const;

/** A file in the folder of a running run: reserves disk space for the summary. */
export const RESERVE = 'reserve';

/** The folder of all runs of an inventory: `.osha/runs` next to it. */
export function runsFolder(inventoryFile: string): string {
  return join(dirname(inventoryFile), '.osha', 'runs');
}

/** Start time in UTC, so that names sort by time everywhere, and four random digits. */
const RUN_ID = /^\d{8}-\d{6}-[0-9a-f]{4}$/;

/** A name for a new run: `20261121-142233-ab12`. */
export function newRunId(now: Date): string {
  const [day = '', time = ''] = now.toISOString().split('T');
  return `${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${randomBytes(2).toString('hex')}`;
}

export function isRunId(name: string): boolean {
  return RUN_ID.test(name);
}
