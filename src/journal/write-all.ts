import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';

/** Bytes that a disk has to take before a run begins: the record of a whole deployment is of this size. */
const TRIAL_BYTES = 1024 * 1024;

/** Bytes that are kept back during a run, so that the end of one that filled the disk can still be written. */
const RESERVE_BYTES = 64 * 1024;

/** Writes all of `text`. A disk that is nearly full takes a part of it first, and fails then. */
export function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

/**
 * Proves that a file as large as a run's record can be written, by writing `file`, which stays as a reserve. Random bytes,
 * because some file systems store nothing for zeros; synced, because some only then find that they are full.
 */
export function tryDisk(file: string): void {
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
