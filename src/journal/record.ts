import { dirname, join } from 'node:path';
import type { RunEvent } from '../runner/events.ts';

export type Summary = Extract<RunEvent, { event: 'summary' }>;

/** What is known of a run before it does anything. */
export interface RunMeta {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** What the user typed, secrets masked. */
  readonly command: string;
  readonly user: string;
  /** The machine that osha ran on. */
  readonly machine: string;
  readonly pid: number;
  readonly version: string;
  readonly inventory: string;
  /** Of the inventory's bytes, so that two runs can be told to have had the same one. */
  readonly inventorySha256: string;
}

/** Names of the files in a run's folder. */
export const FILES = { meta: 'meta.json', events: 'events.jsonl', summary: 'summary.json' } as const;

/** A file in a run's folder while it runs: room on the disk for its end. */
export const RESERVE = 'reserve';

/** The folder of all runs of an inventory: `.osha/runs` beside it. */
export function runsFolder(inventoryFile: string): string {
  return join(dirname(inventoryFile), '.osha', 'runs');
}
