export interface ErrorDetails {
  /** What to do about it, preferably a command that can be pasted. */
  readonly hint?: string | undefined;
  /** The exit code of the command; default 1, a step failed. */
  readonly exitCode?: number | undefined;
  /** The output of the failed command. */
  readonly output?: string | undefined;
  readonly cause?: unknown;
}

/** An error to show to the user: what failed, and what to do about it. Any other error is a defect of osha. */
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
