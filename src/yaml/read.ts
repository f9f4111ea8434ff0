import { isUtf8 } from 'node:buffer';
import { lstatSync, readFileSync, statSync } from 'node:fs';
import { START, type LocatedProblem, type Position } from './problem.ts';

/** Larger than any file written by hand; a wrong file name must not fill the memory. */
export const MAX_SIZE_BYTES = 1024 * 1024;

/** A file's text, or the reason why it cannot be used. */
export type ReadResult =
  | { readonly text: string; readonly problem?: never }
  | { readonly text?: never; readonly problem: LocatedProblem };

const REASONS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  ENOENT: ['no such file', 'check the name, or let "osha init" write one'],
  ENOTDIR: ['no such file', 'a part of its path is not a folder'],
  EACCES: ['permission denied', 'check its owner and mode'],
  EPERM: ['permission denied', 'check its owner and mode'],
  ELOOP: ['the file is a symbolic link to itself', 'remove the link'],
};

function refused(
  file: string,
  message: string,
  hint: string,
  at: Position = START,
): { readonly problem: LocatedProblem } {
  return { problem: { severity: 'error', file, ...at, message, hint } };
}

function ofFailure(file: string, error: unknown): { readonly problem: LocatedProblem } {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOENT' && isLink(file)) {
    return refused(file, 'this symbolic link is broken', 'mount its target, or remove the link');
  }
  const [message, hint] = REASONS[code] ?? [
    `the file cannot be read (${code})`,
    'check the path and its file system',
  ];
  return refused(file, message, hint);
}

function isLink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** The bytes of `file` as text without a byte order mark, or the reason why they are not text. Never throws. */
export function decodeText(file: string, bytes: Uint8Array): ReadResult {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return refused(file, 'the file is encoded as UTF-16', 'save it as UTF-8');
  }
  const text = new TextDecoder().decode(bytes);
  if (!isUtf8(bytes)) {
    const at = positionAt(text, Math.max(text.indexOf('\ufffd'), 0));
    return refused(file, 'a byte here is not UTF-8', 'save the file as UTF-8', at);
  }
  const nul = text.indexOf('\0');
  if (nul >= 0) {
    return refused(
      file,
      'the file contains a NUL byte, so it is not text',
      'give a YAML file',
      positionAt(text, nul),
    );
  }
  return { text };
}

/** A file's bytes, or the reason why it cannot be used. */
export type ReadBytesResult =
  | { readonly bytes: Uint8Array; readonly problem?: never }
  | { readonly bytes?: never; readonly problem: LocatedProblem };

/** The bytes of `file`, or the reason why it cannot be used. Never throws; reads no more than `MAX_SIZE_BYTES`. */
export function readBytes(file: string): ReadBytesResult {
  try {
    const stats = statSync(file);
    if (stats.isDirectory()) return refused(file, 'this is a folder', 'give the YAML file in it');
    if (!stats.isFile()) return refused(file, 'this is not a regular file', 'give a YAML file');
    if (stats.size > MAX_SIZE_BYTES) {
      const size = `${(stats.size / MAX_SIZE_BYTES).toFixed(1)} MiB`;
      return refused(file, `the file is too large (${size})`, 'at most 1 MiB is read; is it the right file?');
    }
    return { bytes: readFileSync(file) };
  } catch (error) {
    return ofFailure(file, error);
  }
}

/** The text of `file`, or the reason why it cannot be used. Never throws; reads no more than `MAX_SIZE_BYTES`. */
export function readText(file: string): ReadResult {
  const read = readBytes(file);
  return read.problem === undefined ? decodeText(file, read.bytes) : { problem: read.problem };
}
