import { ConnectError, LockFailed, ScriptTimeout } from '../transport/errors.ts';

/** Why a host takes no part in the run. */
export interface Unreachable {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Which way a host left the run: it cannot be reached, was found unfit, or another run has its lock now. */
export type Absence = 'unreachable' | 'rejected' | 'locked' | 'interrupted';

/** Why a host is lost, whatever it did. */
export function lossOf(error: unknown): Unreachable {
  if (error instanceof LockFailed) {
    return {
      message: `cannot take its lock: ${error.message}`,
      hint: 'see on that host who holds /run/osha.lock (fuser -v /run/osha.lock) and whether there is room (df /run)',
    };
  }
  if (error instanceof ScriptTimeout) {
    return { message: `logged in, but timed out after ${error.timeoutMs / 1000} s waiting for an answer` };
  }
  if (error instanceof ConnectError) return { message: error.message, hint: error.hint };
  return { message: error instanceof Error ? error.message : String(error) };
}
