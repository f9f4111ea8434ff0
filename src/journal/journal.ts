import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import type { EventSink } from '../runner/events.ts';
import { maskDeep } from './mask-deep.ts';
import { FILES, runsFolder, type RunMeta } from './record.ts';
import { isRunId, newRunId } from './run-id.ts';

/** Records kept for one inventory; the oldest go when a run begins. */
const KEPT_RUNS = 200;

export interface JournalOptions {
  readonly inventoryFile: string;
  /** What the user typed. */
  readonly command: string;
  readonly version: string;
  /** Takes secrets out of a text: a last line of defence, events are masked where they are made. */
  readonly mask?: (text: string) => string;
  readonly now?: () => Date;
}

/** The record of one run as it is written. */
export interface Journal {
  readonly id: string;
  /** The run's folder, which nobody else may read. */
  readonly folder: string;
  /** The file that holds every event. */
  readonly log: string;
  readonly sink: EventSink;
  /** Closes the files. A run that never comes here is shown as interrupted. */
  readonly finish: () => void;
}

/**
 * Begins the record of a run in `.osha/runs/ID/` beside the inventory. Every event is in the file before the sink
 * returns, so that a run that is killed leaves all that it did. Throws what the file system throws.
 */
export function createJournal(options: JournalOptions): Journal {
  const now = options.now ?? (() => new Date());
  const mask = options.mask ?? ((text) => text);
  const runs = runsFolder(options.inventoryFile);
  mkdirSync(runs, { recursive: true, mode: 0o700 });
  prune(runs);
  const startedAt = now();
  const id = unusedId(runs, startedAt);
  const folder = join(runs, id);
  mkdirSync(folder, { mode: 0o700 });
  const meta: RunMeta = {
    id,
    startedAt: startedAt.toISOString(),
    command: mask(options.command),
    user: userInfo().username,
    machine: hostname(),
    pid: process.pid,
    version: options.version,
    inventory: resolve(options.inventoryFile),
    inventorySha256: createHash('sha256').update(readFileSync(options.inventoryFile)).digest('hex'),
  };
  writePrivate(join(folder, FILES.meta), meta);
  const log = join(folder, FILES.events);
  const destination = pino.destination({ dest: log, sync: true, mode: 0o600 });
  const logger = pino(
    {
      base: null,
      timestamp: () => `,"time":"${now().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    destination,
  );
  return {
    id,
    folder,
    log,
    sink: (event) => {
      const masked = maskDeep(event, mask);
      logger.info(masked);
      if (event.event === 'summary') writePrivate(join(folder, FILES.summary), masked);
    },
    finish: () => destination.end(),
  };
}

function unusedId(runs: string, at: Date): string {
  for (;;) {
    const id = newRunId(at);
    if (!existsSync(join(runs, id))) return id;
  }
}

function writePrivate(file: string, content: unknown): void {
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
}

/** Makes room for one more. Only touches folders that are named like a run. */
function prune(runs: string): void {
  const ids = readdirSync(runs).filter(isRunId).sort();
  for (const id of ids.slice(0, Math.max(0, ids.length - KEPT_RUNS + 1))) {
    rmSync(join(runs, id), { recursive: true, force: true });
  }
}
