import { randomBytes } from 'node:crypto';
import { lstatSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SecretsError } from './error.ts';
import { isAlive, notMade, targetOf } from './whole-file.ts';

/** Milliseconds to wait for another writing process: sealing with a passphrase takes a second or two. */
const PATIENCE_MS = 20_000;
/** Milliseconds after which a lock counts as stale even if its process runs: no write takes that long. */
const LONGEST_MS = 120_000;
const PAUSE_MS = 20;

/**
 * Runs `work` while no other osha on this machine writes `file`. The lock is a symbolic link next to the file that
 * names its owner: creating one is atomic, and works on a full disk. A lock whose process has ended is removed. Throws
 * `SecretsError` where another process holds it for too long.
 */
export async function withFileLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const target = targetOf(file);
  const lock = join(dirname(target), `.${basename(target)}.lock`);
  const until = Date.now() + PATIENCE_MS;
  while (!taken(file, lock)) {
    const owner = ownerOf(lock);
    if (owner === undefined) continue;
    if (isLeftOver(owner, lock)) remove(lock, owner);
    else if (Date.now() > until) {
      throw new SecretsError(`${file} is locked by ${owner}`, `if that process no longer runs: rm ${lock}`);
    } else await pause(PAUSE_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function taken(file: string, lock: string): boolean {
  try {
    symlinkSync(`process ${process.pid} on ${hostname()}`, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw notMade(file, error);
  }
}

/** `undefined` where the lock no longer exists. */
function ownerOf(lock: string): string | undefined {
  try {
    return readlinkSync(lock);
  } catch {
    return undefined;
  }
}

function isLeftOver(owner: string, lock: string): boolean {
  const [, pid, machine] = /^process (\d+) on (.*)$/.exec(owner) ?? [];
  if (machine !== hostname()) return false;
  if (!isAlive(Number(pid))) return true;
  try {
    return Date.now() - lstatSync(lock).mtimeMs > LONGEST_MS;
  } catch {
    return false;
  }
}

/**
 * Removes the lock of that owner. Two processes may do so concurrently: the slower one must not remove the lock of the
 * faster one.
 */
function remove(lock: string, owner: string): void {
  const aside = `${lock}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  const found = ownerOf(aside);
  try {
    if (found !== undefined && found !== owner) symlinkSync(found, lock);
  } catch {
    // Another process took the lock meanwhile.
  }
  rmSync(aside, { force: true });
}
