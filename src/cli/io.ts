import type { GuardedOutput } from '../render/output.ts';
import type { Transport } from '../transport/session.ts';

/** What tells a command to stop; Ctrl-C is SIGINT. */
export type InterruptSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** The world around a command, so that a test can be one. */
export interface Io {
  readonly stdout: GuardedOutput;
  readonly stderr: GuardedOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths are meant from. */
  readonly cwd: string;
  /** True where stdout is a terminal. */
  readonly isTTY: boolean;
  /** Asks the person for a line; absent where there is no terminal to ask on. */
  readonly ask?: (question: string) => Promise<string>;
  /** Asks the person for a line without showing it; absent where there is no terminal to ask on. */
  readonly askHidden?: (question: string) => Promise<string>;
  /** Another way to the hosts than SSH, for tests. */
  readonly transport?: (limits: { readonly maxOutputBytes?: number }) => Transport;
  /** Calls `handler` for each Ctrl-C, SIGTERM and SIGHUP (the terminal was closed); returns how to stop that. */
  readonly onInterrupt: (handler: (signal?: InterruptSignal) => void) => () => void;
  /** Ends the process at once. */
  readonly quit: (exitCode: number) => void;
}

/** The exit codes of every verb. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  pending: 3,
  unreachable: 4,
  refused: 5,
  interrupted: 130,
} as const;
