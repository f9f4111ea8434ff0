import { OshaError } from '../text/error.ts';
import { visibleInLine } from '../text/visible.ts';
import { formatProblem, type LocatedProblem } from '../yaml/problem.ts';
import { EXIT, type Io } from './io.ts';

/** Something that the user has to change: printed as a message with a hint, never with a stack. */
export class UserError extends OshaError {
  override name = 'UserError';

  /** `exitCode` is 2, wrong usage, unless it is given. */
  constructor(message: string, options: { hint?: string; exitCode?: number } = {}) {
    super(message, { exitCode: EXIT.usage, ...options });
  }
}

/** A file with mistakes in it, all of them. */
export class InvalidFile extends OshaError {
  override name = 'InvalidFile';
  readonly problems: readonly LocatedProblem[];

  constructor(problems: readonly LocatedProblem[]) {
    super(problems.map(formatProblem).join('\n'), { exitCode: EXIT.usage });
    this.problems = problems;
  }
}

/** Prints what is wrong in files, a line each, on stderr. */
export function printProblems(io: Io, problems: readonly LocatedProblem[]): void {
  for (const problem of problems) io.stderr.write(`${visibleInLine(formatProblem(problem))}\n`);
}

/** What the file system's error codes mean to a person. */
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
