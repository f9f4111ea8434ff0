export interface ErrorDetails {
  /** What to do about it, best as a command that can be pasted. */
  readonly hint?: string | undefined;
  /** Of the command that ends with it; default 1, a step failed. */
  readonly exitCode?: number | undefined;
  /** What a command printed that belongs to it. */
  readonly output?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Something that went wrong and is told to the user: what failed, and what to do about it. Whatever else is thrown is a
 * defect of osha.
 */
export class OshaError extends Error {
  override name = 'OshaError';
  readonly hint: string | undefined;
  readonly exitCode: number;
  readonly output: string | undefined;

  constructor(message: string, { hint, exitCode, output, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.hint = hint;
    this.exitCode = exitCode ?? 1;
    this.output = output;
  }
}
