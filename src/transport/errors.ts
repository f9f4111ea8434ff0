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
export class ConnectError extends Error {
  override name = 'ConnectError';
  readonly kind: ConnectFailure;
  readonly hint: string;

  constructor(kind: ConnectFailure, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.hint = hint;
  }
}

/** The connection ended while a script ran: nobody knows how far it came. */
export class ConnectionDropped extends Error {
  override name = 'ConnectionDropped';
}

/** A script took longer than it may; its process group was killed. Holds what it had printed. */
export class ScriptTimeout extends Error {
  override name = 'ScriptTimeout';
  readonly timeoutMs: number;
  readonly stdout: string;
  readonly stderr: string;

  constructor(timeoutMs: number, stdout: string, stderr: string) {
    super(`it took longer than ${timeoutMs / 1000} s and was stopped`);
    this.timeoutMs = timeoutMs;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/** A script printed more than is kept of it, and was stopped. */
export class OutputFlood extends Error {
  override name = 'OutputFlood';

  constructor(maxBytes: number) {
    super(`it printed more than ${sizeInWords(maxBytes)} and was stopped`);
  }
}

/** A host on which nobody can take the lock now, such as one whose /run is full. */
export class LockFailed extends Error {
  override name = 'LockFailed';
}

/** A host that is connected could not connect to where it was asked to. */
export class ForwardError extends Error {
  override name = 'ForwardError';
  /** Its sshd does not permit it at all. */
  readonly prohibited: boolean;

  constructor(message: string, { prohibited, ...options }: ErrorOptions & { readonly prohibited: boolean }) {
    super(message, options);
    this.prohibited = prohibited;
  }
}
