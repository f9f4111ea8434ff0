import { OshaError, type ErrorDetails } from '../text/error.ts';
import type { LocatedProblem } from '../yaml/problem.ts';

/** Secrets cannot be read or written; the hint says what to do. Never contains a value. */
export class SecretsError extends OshaError {
  override name = 'SecretsError';
  declare readonly hint: string;

  /** The default exit code is 2, an invalid file or wrong usage. */
  constructor(message: string, hint: string, options: Omit<ErrorDetails, 'hint'> = {}) {
    super(message, { exitCode: 2, ...options, hint });
  }
}

/** Another process wrote the secrets since they were read: nothing was written. Exit code 5, refused. */
export class SecretsChanged extends SecretsError {
  override name = 'SecretsChanged';

  constructor(file: string) {
    super(`${file} was changed by another command since it was read`, 'run the same command again', {
      exitCode: 5,
    });
  }
}

/** A mistake in a secrets file as an error. */
export function asSecretsError({ file, line, column, message, hint }: LocatedProblem): SecretsError {
  return new SecretsError(`${file}:${line}:${column}: ${message}`, hint ?? 'correct the file');
}
