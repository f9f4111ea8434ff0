import { OshaError } from '../text/error.ts';
import { sizeInWords } from '../text/size.ts';

/** Why a host could not be reached; each has its own hint. */
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

/** A host that could not be reached, with what to do about it. */
export class ConnectError extends OshaError {
  override name = 'ConnectError';
  readonly kind: ConnectFailure;
  declare readonly hint: string;

  /** `hint` is what to do about it. */
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

/** The connection ended while a script ran: nobody knows how far it came. */
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

/** A script took longer than it may; its process group was killed. Holds what it had printed. */
export class ScriptTimeout extends OshaError {
  override name = 'ScriptTimeout';
  readonly timeoutMs: number;
  readonly stdout: string;
  readonly stderr: string;

  constructor(timeoutMs: number, stdout: string, stderr: string) {
    super(`it took longer than ${timeoutMs / 1000} s and was stopped`, {
      hint: 'set a longer limit: --timeout SECONDS',
      output: stderr || stdout,
    });
    this.timeoutMs = timeoutMs;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/** A script printed more than is kept of it, and was stopped. */
export class OutputFlood extends OshaError {
  override name = 'OutputFlood';

  constructor(maxBytes: number) {
    super(`it printed more than ${sizeInWords(maxBytes)} and was stopped`);
  }
}

/** A host on which nobody can take the lock now, such as one whose /run is full. */
export class LockFailed extends OshaError {
  override name = 'LockFailed';
}

/** A host that is connected could not connect to where it was asked to. */
export class ForwardError extends OshaError {
  override name = 'ForwardError';
  /** Its sshd does not permit it at all. */
  readonly prohibited: boolean;

  constructor(
    message: string,
    { prohibited, ...options }: { readonly cause?: unknown; readonly prohibited: boolean },
  ) {
    super(message, options);
    this.prohibited = prohibited;
  }
}
