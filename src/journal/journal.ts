import { OshaError } from '../text/error.ts';
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  fsyncSync,
  ftruncateSync,
  writeSync,
} from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pino } from 'pino';
import type { EventSink } from '../runner/events.ts';
import { escapedJson } from '../text/json-line.ts';
import { maskDeep } from './mask-deep.ts';
import { FILES, RESERVE, runsFolder, type RunMeta } from './record.ts';
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

/** A run cannot be recorded, and so must not begin. */
export class JournalError extends OshaError {
  override name = 'JournalError';
}

/** The record of one run as it is written. */
export interface Journal {
  readonly id: string;
  /** The run's folder, which nobody else may read. */
  readonly folder: string;
  /** The file that holds every event. */
  readonly log: string;
  /** Never throws: a run does not end because it can no longer be recorded. See `incomplete`. */
  readonly sink: EventSink;
  /** Why something is missing in the record, or `undefined`. After the first event that is lost only the summary is tried. */
  readonly incomplete: () => string | undefined;
  /** Closes the files. A run that never comes here is shown as interrupted. */
  readonly finish: () => void;
}

/**
 * Begins the record of a run in `.osha/runs/ID/` beside the inventory. Every event is in the file before the sink
 * returns, so that a run that is killed leaves all that it did. Throws a `JournalError` where the disk is full or the
 * folder cannot be written to: that is tried here, because later a run would be in the middle of its changes.
 */
export function createJournal(options: JournalOptions): Journal {
  const runs = runsFolder(options.inventoryFile);
  try {
    return begin(runs, options);
  } catch (error) {
    const reason = reasonOf(error);
    throw new JournalError(`cannot record the run in ${runs}: ${reason}`, {
      hint: hintFor(error, runs),
      // Nothing was done: refused.
      exitCode: 5,
      cause: error,
    });
  }
}

function begin(runs: string, options: JournalOptions): Journal {
  const now = options.now ?? (() => new Date());
  const mask = options.mask ?? ((text) => text);
  // One by one: a recursive mkdir of Node never ends where a folder is missing that it cannot make.
  for (const missing of [dirname(runs), runs].filter((path) => !existsSync(path))) {
    mkdirSync(missing, { mode: 0o700 });
  }
  prune(runs);
  const startedAt = now();
  const id = unusedId(runs, startedAt);
  const folder = join(runs, id);
  mkdirSync(folder, { mode: 0o700 });
  const reserve = join(folder, RESERVE);
  const log = join(folder, FILES.events);
  let fd: number;
  try {
    tryDisk(reserve);
    writePrivate(join(folder, FILES.meta), metaOf(id, startedAt, options, mask));
    fd = openSync(log, 'wx', 0o600);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  let lost: string | undefined;
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      lost ??= reasonOf(error);
      rmSync(reserve, { force: true });
    }
  };
  const logger = pino(
    {
      base: null,
      timestamp: () => `,"time":"${now().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    // What was lost may have left a part of a line.
    {
      write: (json: string) => {
        const line = escapedJson(json);
        attempt(() => writeAll(fd, lost === undefined ? line : `\n${line}`));
      },
    },
  );
  return {
    id,
    folder,
    log,
    sink: (event) => {
      const masked = maskDeep(event, mask);
      if (event.event !== 'summary') {
        if (lost === undefined) logger.info(masked);
        return;
      }
      const withLoss = (): object => (lost === undefined ? masked : { ...masked, unrecorded: lost });
      logger.info(withLoss());
      attempt(() => writePrivate(join(folder, FILES.summary), withLoss()));
    },
    incomplete: () => lost,
    finish: () => {
      attempt(() => closeSync(fd));
      attempt(() => rmSync(reserve, { force: true }));
    },
  };
}

function metaOf(
  id: string,
  startedAt: Date,
  { command, version, inventoryFile }: JournalOptions,
  mask: (text: string) => string,
): RunMeta {
  return {
    id,
    startedAt: startedAt.toISOString(),
    command: mask(command),
    user: userInfo().username,
    machine: hostname(),
    pid: process.pid,
    version,
    inventory: resolve(inventoryFile),
    inventorySha256: createHash('sha256').update(readFileSync(inventoryFile)).digest('hex'),
  };
}

/** The system's own words, without the code before and the call after them. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^E[A-Z]+: ([^,]+)/.exec(message)?.[1] ?? message;
}

function hintFor(error: unknown, runs: string): string {
  return (error as NodeJS.ErrnoException).code === 'ENOSPC'
    ? `make room on its disk: df -h ${dirname(dirname(runs))}`
    : `make it a folder that you may write to: ls -ld ${dirname(dirname(runs))} ${dirname(runs)} ${runs}`;
}

function unusedId(runs: string, at: Date): string {
  for (;;) {
    const id = newRunId(at);
    if (!existsSync(join(runs, id))) return id;
  }
}

function writePrivate(file: string, content: unknown): void {
  writeFileSync(file, `${escapedJson(JSON.stringify(content, undefined, 2))}\n`, { mode: 0o600 });
}

/** Makes room for one more. Only touches folders that are named like a run. */
function prune(runs: string): void {
  const ids = readdirSync(runs).filter(isRunId).sort();
  for (const id of ids.slice(0, Math.max(0, ids.length - KEPT_RUNS + 1))) {
    try {
      rmSync(join(runs, id), { recursive: true, force: true });
    } catch {
      // Another user's: it stays, and does not keep this run from beginning.
    }
  }
}

/** Bytes that a disk has to take before a run begins: the record of a whole deployment is of this size. */
const TRIAL_BYTES = 1024 * 1024;

/** Bytes that are kept back during a run, so that the end of one that filled the disk can still be written. */
const RESERVE_BYTES = 64 * 1024;

/** Writes all of `text`. A disk that is nearly full takes a part of it first, and fails then. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

/**
 * Proves that a file as large as a run's record can be written, by writing `file`, which stays as a reserve. Random bytes,
 * because some file systems store nothing for zeros; synced, because some only then find that they are full.
 */
function tryDisk(file: string): void {
  const fd = openSync(file, 'wx', 0o600);
  try {
    const bytes = randomBytes(TRIAL_BYTES);
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
    ftruncateSync(fd, RESERVE_BYTES);
  } finally {
    closeSync(fd);
  }
}
