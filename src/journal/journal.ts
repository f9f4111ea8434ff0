import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pino } from 'pino';
import type { EventSink } from '../runner/events.ts';
import { OshaError } from '../text/error.ts';
import { escapedJson } from '../text/visible.ts';
import { maskDeep } from './mask-deep.ts';
import { FILES, isRunId, newRunId, RESERVE, runsFolder, type RunMeta } from './record.ts';

/** Records to keep for one inventory; the oldest are deleted when a run starts. */
const KEPT_RUNS = 200;

export interface JournalOptions {
  readonly inventoryFile: string;
  /** The command line. */
  readonly command: string;
  readonly version: string;
  /** Masks secrets in a text: a second line of defence, because events are masked where they are emitted. */
  readonly mask?: (text: string) => string;
  readonly now?: () => Date;
}

/** A run cannot be recorded, and so must not start. */
export class JournalError extends OshaError {
  override name = 'JournalError';
}

/** The record of one run as it is written. */
export interface Journal {
  readonly id: string;
  /** The run's folder, private to the user. */
  readonly folder: string;
  /** The file with all events. */
  readonly log: string;
  /** Never throws: a run continues if it can no longer be recorded. See `incomplete`. */
  readonly sink: EventSink;
  /** Why the record is incomplete, or `undefined`. After the first lost event, only the summary is attempted. */
  readonly incomplete: () => string | undefined;
  /** Closes the files. */
  readonly finish: () => void;
}

/**
 * Starts the record of a run in `.osha/runs/ID/` next to the inventory. Each event is written before the sink returns, so
 * that the record of a killed run is complete. Throws a `JournalError` if the disk is full or the folder is not writable:
 * tested here, because later the run would be in the middle of its changes.
 */
export function createJournal(options: JournalOptions): Journal {
  const runs = runsFolder(options.inventoryFile);
  try {
    return begin(runs, options);
  } catch (error) {
    const reason = reasonOf(error);
    throw new JournalError(`cannot record the run in ${runs}: ${reason}`, {
      hint: hintFor(error, runs),
      // Refused: nothing was changed.
      exitCode: 5,
      cause: error,
    });
  }
}

function begin(runs: string, options: JournalOptions): Journal {
  const now = options.now ?? (() => new Date());
  const mask = options.mask ?? ((text) => text);
  // One at a time: Node's recursive mkdir never returns if it cannot create a missing parent.
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
    // A failed write may have left a partial line.
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

/** The system's error message without code and call. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^E[A-Z]+: ([^,]+)/.exec(message)?.[1] ?? message;
}

function hintFor(error: unknown, runs: string): string {
  return (error as NodeJS.ErrnoException).code === 'ENOSPC'
    ? `free some disk space: df -h ${dirname(dirname(runs))}`
    : `make this folder writable for you: ls -ld ${dirname(dirname(runs))} ${dirname(runs)} ${runs}`;
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

/** Makes room for one more record. Only touches folders that are named like a run. */
function prune(runs: string): void {
  const ids = readdirSync(runs).filter(isRunId).sort();
  for (const id of ids.slice(0, Math.max(0, ids.length - KEPT_RUNS + 1))) {
    try {
      rmSync(join(runs, id), { recursive: true, force: true });
    } catch {
      // Owned by another user: keep it.
    }
  }
}

/** Bytes that must fit on the disk before a run starts: the size of the record of a whole deployment. */
const TRIAL_BYTES = 1024 * 1024;

/** Bytes reserved during a run, so that its summary can still be written when the disk is full. */
const RESERVE_BYTES = 64 * 1024;

/** Writes all of `text`: a write to a nearly full disk may be partial. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

/**
 * Tests that a file of the size of a run's record can be written, and leaves it as the reserve. Writes random bytes, because
 * some file systems store no zeros, and syncs, because some report a full disk only then.
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
