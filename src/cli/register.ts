import type { Command } from 'commander';
import type { Io } from './io.ts';

/** One command of osha. Verbs set the exit code. */
export interface Cli {
  readonly io: Io;
  /** As the user typed it, for the journal. */
  readonly command: string;
  exitCode: number;
}

/** Adds a verb to the program. Its module must be cheap to load: the action loads what the verb needs. */
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
