import { readFileSync } from 'node:fs';
import { OshaError } from '../text/error.ts';
import { visibleInLine } from '../text/visible.ts';
import { formatProblem, type LocatedProblem } from '../yaml/problem.ts';
import { EXIT, type Io } from './io.ts';

/** A mistake of the user: printed as a message with a hint, never with a stack. */
export class UserError extends OshaError {
  override name = 'UserError';

  /** The default of `exitCode` is 2, wrong usage. */
  constructor(message: string, options: { hint?: string; exitCode?: number } = {}) {
    super(message, { exitCode: EXIT.usage, ...options });
  }
}

/** All mistakes in one or several files. */
export class InvalidFile extends OshaError {
  override name = 'InvalidFile';
  readonly problems: readonly LocatedProblem[];

  constructor(problems: readonly LocatedProblem[]) {
    super(problems.map(formatProblem).join('\n'), { exitCode: EXIT.usage });
    this.problems = problems;
  }
}

/** Prints problems in files on stderr, one per line. */
export function printProblems(io: Io, problems: readonly LocatedProblem[]): void {
  for (const problem of problems) io.stderr.write(`${visibleInLine(formatProblem(problem))}\n`);
}

/** Error codes of the file system in plain English. */
export const FILE_TROUBLE: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EEXIST: 'exists already and is not a folder',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'is a folder, not a file',
  ELOOP: 'is a symbolic link to itself',
  EIO: 'the disk cannot be read or written',
  ENOTDIR: 'a part of this path is a file, not a folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

/** The text of a file that the user named. Throws the system's error with the path, which that of a folder lacks. */
export function readNamedFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}
