import type { GuardedOutput } from '../render/output.ts';
import type { RunEvent } from '../runner/events.ts';
import type { Transport } from '../transport/session.ts';

/** The signals that stop a command; Ctrl-C is SIGINT. */
export type InterruptSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Everything outside of the process that a command uses, so that tests can replace it. */
export interface Io {
  readonly stdout: GuardedOutput;
  readonly stderr: GuardedOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that paths are relative to. */
  readonly cwd: string;
  /** True where stdout is a terminal. */
  readonly isTTY: boolean;
  /** Asks for a line; absent where there is no terminal to ask on. */
  readonly ask?: (question: string) => Promise<string>;
  /** Asks for a line that is not shown as it is typed; absent where there is no terminal to ask on. */
  readonly askHidden?: (question: string) => Promise<string>;
  /** Replaces SSH in tests. */
  readonly transport?: (limits: { readonly maxOutputBytes?: number }) => Transport;
  /** Calls `handler` for each Ctrl-C, SIGTERM and SIGHUP (the terminal was closed). Returns a function that ends this. */
  readonly onInterrupt: (handler: (signal?: InterruptSignal) => void) => () => void;
  /** Ends the process immediately. */
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

/**
 * The exit code of a run. Where several things went wrong, the first of these decides: an interruption, a refusal, an
 * unreachable host, a failure.
 */
export function exitCodeOf(
  summary: Extract<RunEvent, { event: 'summary' }>,
  options: { readonly pendingIsError?: boolean } = {},
): number {
  if (summary.interrupted) return EXIT.interrupted;
  if (summary.refused !== undefined) return EXIT.refused;
  if (summary.unreachable > 0) return EXIT.unreachable;
  if (summary.failed > 0) return EXIT.failed;
  return options.pendingIsError && summary.changes > 0 ? EXIT.pending : EXIT.ok;
}
