import { OshaError } from '../text/error.ts';
import { sizeInWords } from '../text/size.ts';

/** Why a host cannot be reached; each has its own hint. */
export type ConnectFailure =
  | 'unreachable'
  | 'timed-out'
  | 'name-unknown'
  | 'login-refused'
  | 'host-key-unknown'
  | 'host-key-changed'
  | 'sudo-refused'
  | 'jump-failed'
  | 'identity-unreadable'
  | 'ssh-config'
  | 'no-shell';

/** A host cannot be reached. */
export class ConnectError extends OshaError {
  override name = 'ConnectError';
  readonly kind: ConnectFailure;
  declare readonly hint: string;

  constructor(
    kind: ConnectFailure,
    message: string,
    hint: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, { ...options, hint, exitCode: 4 });
    this.kind = kind;
  }
}

/** The connection ended while a script ran: how far it got is unknown. */
export class ConnectionDropped extends OshaError {
  override name = 'ConnectionDropped';
  readonly reason: string;

  constructor(reason: string, options: { readonly cause?: unknown } = {}) {
    super(`the connection dropped: ${reason}`, {
      ...options,
      hint: 'run the same command again: completed changes are kept',
    });
    this.reason = reason;
  }
}

/** A script exceeded its time limit and its process group was killed. Has the output until then. */
export class ScriptTimeout extends OshaError {
  override name = 'ScriptTimeout';
  readonly timeoutMs: number;
  readonly stdout: string;
  readonly stderr: string;

  constructor(timeoutMs: number, stdout: string, stderr: string) {
    super(`timed out after ${timeoutMs / 1000} s and was killed`, {
      hint: 'set a longer limit: --timeout SECONDS',
      output: stderr || stdout,
    });
    this.timeoutMs = timeoutMs;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/** A script exceeded the output limit and was killed. */
export class OutputFlood extends OshaError {
  override name = 'OutputFlood';

  constructor(maxBytes: number) {
    super(`printed more than ${sizeInWords(maxBytes)} and was killed`);
  }
}

/** The lock of a host cannot be taken at all, for example because /run is full. */
export class LockFailed extends OshaError {
  override name = 'LockFailed';

  constructor(reason: string) {
    super(`cannot take its lock: ${reason}`, {
      hint: 'see on that host who holds /run/osha.lock (fuser -v /run/osha.lock) and whether there is room (df /run)',
    });
  }
}

/** A connected host failed to open a forwarded connection. */
export class ForwardError extends OshaError {
  override name = 'ForwardError';
  /** Forbidden by its sshd. */
  readonly prohibited: boolean;

  constructor(
    message: string,
    { prohibited, ...options }: { readonly cause?: unknown; readonly prohibited: boolean },
  ) {
    super(message, options);
    this.prohibited = prohibited;
  }
}
