import type { LocatedProblem } from '../yaml/problem.ts';

/** Secrets that cannot be read or written, with what to do about it. Never holds a value. */
export class SecretsError extends Error {
  override name = 'SecretsError';
  readonly hint: string;
  /** 2, an invalid file or wrong usage, unless it says otherwise. */
  readonly exitCode: number = 2;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** Another process wrote the secrets since they were read: nothing was written. Exit code 5, refused. */
export class SecretsChanged extends SecretsError {
  override name = 'SecretsChanged';
  override readonly exitCode = 5;

  constructor(file: string) {
    super(`${file} was changed by another command since it was read`, 'run the same command again');
  }
}

/** A mistake in a file of secrets as what stops whoever needs the file. */
export function asSecretsError({ file, line, column, message, hint }: LocatedProblem): SecretsError {
  return new SecretsError(`${file}:${line}:${column}: ${message}`, hint ?? 'correct the file');
}
