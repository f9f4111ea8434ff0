import type { Command } from 'commander';
import type { Io } from './io.ts';

/** One call of osha. Verbs leave their exit code here. */
export interface Cli {
  readonly io: Io;
  /** What the user typed, for the journal. */
  readonly command: string;
  exitCode: number;
}

/** Adds one verb to the program. Light: what a verb works with is loaded by its action. */
export type Register = (program: Command, cli: Cli) => void;

/** A commander action from a function that returns an exit code. */
export function exiting<Arguments extends readonly unknown[]>(
  cli: Cli,
  act: (...args: Arguments) => Promise<number>,
): (...args: Arguments) => Promise<void> {
  return async (...args) => {
    cli.exitCode = await act(...args);
  };
}
