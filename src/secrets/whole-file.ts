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

/** A file that could not be written as a whole. What was there before is unchanged. */
export class WriteError extends OshaError {
  override name = 'WriteError';

  constructor(file: string, reason: string, options: { readonly cause?: unknown } = {}) {
    super(`${file}: cannot be written: ${reason}; the file that was there before is unchanged`, {
      ...options,
      hint: `make room on the file system of ${dirname(file)} and run the same command again`,
    });
  }
}

/** The file that a symbolic link leads to; `file` itself where it is none, or is not there yet. */
export function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/**
 * Replaces a file, or makes it, as a whole or not at all: everything is written to a temporary file beside it, brought to
 * the disk and read back before it takes the old one's place. A symbolic link stays, and the file that it leads to is
 * replaced. Throws `WriteError` where the disk does not take all of it, and what the file system says, with the path of
 * `file`, where no file can be made there.
 */
export function writeWholeFile(file: string, content: string, mode: number): void {
  const target = targetOf(file);
  removeLeftovers(target);
  const temporary = `${temporaryPrefix(target)}${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
  const bytes = Buffer.from(content, 'utf8');
  const descriptor = openNew(file, temporary);
  try {
    try {
      // The umask can only have taken bits away.
      fchmodSync(descriptor, mode);
      writeAll(file, descriptor, bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (!readFileSync(temporary).equals(bytes)) throw new WriteError(file, 'it reads back differently');
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw asWriteError(file, error);
  }
  syncFolder(dirname(target));
}

/** Like `writeWholeFile`; only the file's owner can read it. */
export function writePrivateFile(file: string, content: string): void {
  writeWholeFile(file, content, 0o600);
}

/**
 * Appends a line, as a whole or not at all, to a file that other programs append to as well; makes the file where it is
 * missing. Throws like `writeWholeFile`.
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
      // Half a line would be read as an entry, and swallow the next one.
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

/** What an osha that was killed in the middle of a write left: it may hold secrets. */
function removeLeftovers(target: string): void {
  const folder = dirname(target);
  const prefix = basename(temporaryPrefix(target));
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    // Opening the new file tells why.
    return;
  }
  for (const name of names) {
    const pid = /^(\d+)-[0-9a-f]+\.tmp$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : '')?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

/** Whether a process of this machine has that id. */
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

/** Why nothing could be made beside `file`: with the path that the user knows, and not that of what was tried. */
export function notMade(file: string, error: unknown): unknown {
  const { code, errno, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && code in REASONS) return asWriteError(file, error);
  return Object.assign(new Error(message, { cause: error }), { code, errno, path: file });
}

function writeAll(file: string, descriptor: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) {
    const count = writeSync(descriptor, bytes, written);
    if (count === 0) throw new WriteError(file, `only ${written} of ${bytes.length} bytes were taken`);
    written += count;
  }
}

function asWriteError(file: string, error: unknown): unknown {
  if (error instanceof WriteError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new WriteError(file, REASONS[code] ?? message, { cause: error });
}

/** Without this a new name can be lost with the power. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
