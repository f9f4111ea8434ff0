import { OshaError } from '../text/error.ts';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  ftruncateSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would become too large',
  EIO: 'the disk reports an error',
};

/** A file could not be written completely. The former content is unchanged. */
export class WriteError extends OshaError {
  override name = 'WriteError';

  constructor(file: string, reason: string, options: { readonly cause?: unknown } = {}) {
    super(`${file}: cannot be written: ${reason}; the file that was there before is unchanged`, {
      ...options,
      hint: `make room on the file system of ${dirname(file)} and run the same command again`,
    });
  }
}

/** The target of a symbolic link; `file` itself if it is no link or does not exist yet. */
export function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/**
 * Replaces or creates a file atomically: the content is written to a temporary file next to it, synced and read back,
 * then renamed. A symbolic link stays, and its target is replaced. Throws `WriteError` where the disk does not store
 * everything, and the file system's error, with the path of `file`, where no file can be created there.
 */
export function writeWholeFile(file: string, content: string, mode: number): void {
  const target = targetOf(file);
  removeLeftovers(target);
  const temporary = `${temporaryPrefix(target)}${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
  const bytes = Buffer.from(content, 'utf8');
  const descriptor = openNew(file, temporary);
  try {
    try {
      // The umask may have cleared bits.
      fchmodSync(descriptor, mode);
      writeAll(file, descriptor, bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (!readFileSync(temporary).equals(bytes))
      throw new WriteError(file, 'it reads back with different content');
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw asWriteError(file, error);
  }
  syncFolder(dirname(target));
}

/** Like `writeWholeFile`, with mode 600. */
export function writePrivateFile(file: string, content: string): void {
  writeWholeFile(file, content, 0o600);
}

/**
 * Appends a line, completely or not at all, to a file that other programs append to as well; creates a missing file.
 * Throws like `writeWholeFile`.
 */
export function appendLine(file: string, line: string, mode: number): void {
  const before = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  const start = before.length === 0 || before.at(-1) === 0x0a ? '' : '\n';
  const descriptor = openSync(file, 'a', mode);
  try {
    const size = fstatSync(descriptor).size;
    try {
      writeAll(file, descriptor, Buffer.from(`${start}${line}\n`, 'utf8'));
      fsyncSync(descriptor);
    } catch (error) {
      // A partial line would be read as an entry, together with the next one.
      ftruncateSync(descriptor, size);
      throw asWriteError(file, error);
    }
  } finally {
    closeSync(descriptor);
  }
}

function temporaryPrefix(target: string): string {
  return join(dirname(target), `.${basename(target)}.osha-`);
}

/** Removes temporary files of an osha that was killed during a write: they may contain secrets. */
function removeLeftovers(target: string): void {
  const folder = dirname(target);
  const prefix = basename(temporaryPrefix(target));
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    // Creating the new file reports the error.
    return;
  }
  for (const name of names) {
    const pid = /^(\d+)-[0-9a-f]+\.tmp$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : '')?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

/** Whether a process with that id exists on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function openNew(file: string, temporary: string): number {
  try {
    return openSync(temporary, 'wx', 0o600);
  } catch (error) {
    throw notMade(file, error);
  }
}

/** The error for a failed creation next to `file`, with the path that the user knows instead of the temporary one. */
export function notMade(file: string, error: unknown): unknown {
  const { code, errno, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && code in REASONS) return asWriteError(file, error);
  return Object.assign(new Error(message, { cause: error }), { code, errno, path: file });
}

function writeAll(file: string, descriptor: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) {
    const count = writeSync(descriptor, bytes, written);
    if (count === 0) throw new WriteError(file, `only ${written} of ${bytes.length} bytes were written`);
    written += count;
  }
}

function asWriteError(file: string, error: unknown): unknown {
  if (error instanceof WriteError) return error;
  const { code, errno, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  // A name of the user's that is no file's: no room has to be made.
  if (code === 'EISDIR')
    return Object.assign(new Error(message, { cause: error }), { code, errno, path: file });
  return new WriteError(file, REASONS[code] ?? message, { cause: error });
}

/** Without this, a power cut can lose the new name. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
