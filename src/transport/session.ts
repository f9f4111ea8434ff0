import type { Duplex } from 'node:stream';
import type { Host } from '../inventory/types.ts';

/** How a script ended. A command that ended by a signal has no exit code. */
export interface ScriptResult {
  /** Decoded as UTF-8. Where more came than is kept, a note stands in the place of what was cut. */
  readonly stdout: string;
  readonly stderr: string;
  /** Bytes that came and were not kept, of both streams together; absent where nothing was cut. */
  readonly cutBytes?: number | undefined;
  readonly exitCode: number;
  readonly durationMs: number;
}

export interface RunOptions {
  /** The script's stdin; empty by default. */
  readonly input?: string | Uint8Array;
  /** Milliseconds until the script's process group is killed and `ScriptTimeout` is thrown. No default: no wait is without limit. */
  readonly timeoutMs: number;
  /** Kills the script's process group, then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Bytes of each stream that are kept; default what the transport was made with. */
  readonly maxOutputBytes?: number | undefined;
  /** What becomes of a script that prints more: its output is cut and it continues (default), or it is ended with `OutputFlood`. */
  readonly beyondMaxOutput?: 'cut' | 'end' | undefined;
  /** Called with output as it arrives, whole characters only, as far as it is kept. */
  onOutput?(stream: 'stdout' | 'stderr', chunk: string): void;
}

/** A root shell that stays open on one host. Scripts run one after another in the order they were given. */
export interface Session {
  readonly host: Host;
  /** Scripts sent so far. */
  readonly roundTrips: number;
  /**
   * Runs a POSIX sh script as root and returns whatever exit code it had.
   * Throws `ScriptTimeout`, `OutputFlood`, `ConnectionDropped`, or the reason of an aborted `signal`.
   */
  run(script: string, options: RunOptions): Promise<ScriptResult>;
  /**
   * Takes the host's lock, which lasts as long as this session or a script of it does, however it ends. `owner` is one
   * line that names whoever holds it, shown to whoever comes second; no two runs may use the same one. Where an earlier
   * session of the same owner still holds the lock, it is told to end: ask again until it has.
   * Throws `LockFailed`, `ConnectionDropped`, `ScriptTimeout`.
   */
  lock(owner: string, timeoutMs: number): Promise<LockAnswer>;
  /**
   * Holds the lock that another session has for the same `owner` too, so that it is free only when both have ended.
   * Throws like `lock`.
   */
  joinLock(owner: string, timeoutMs: number): Promise<LockAnswer>;
  /**
   * A TCP connection that the host makes, to whatever it can reach. Does not wait for scripts that run. Throws
   * `ForwardError` where the host cannot connect, and `ConnectionDropped`. Ends with the session.
   */
  forward(address: string, port: number): Promise<Duplex>;
  /**
   * Another root shell on the same connection, whose scripts run beside this one's. It ends with this session. Throws
   * `ConnectError` where the host gives no further one (sshd's MaxSessions is 10 unless it is set), `ConnectionDropped`,
   * or the reason of an aborted `signal`.
   */
  beside(limits: Pick<ConnectOptions, 'timeoutMs' | 'signal'>): Promise<Session>;
  close(): Promise<void>;
}

export type LockAnswer = { readonly ok: true } | { readonly ok: false; readonly holder: string };

export interface ConnectOptions {
  /** Milliseconds for TCP, handshake, login and sudo together. */
  readonly timeoutMs: number;
  /** Record a host key that is not known yet, instead of refusing it. A changed key is always refused. */
  readonly acceptNew: boolean;
  readonly signal?: AbortSignal;
}

/** Opens sessions. The real one speaks SSH; the fake one answers from a table. */
export interface Transport {
  /** Throws `ConnectError`. */
  connect(host: Host, options: ConnectOptions): Promise<Session>;
  /** Ends what sessions share, such as connections to jump hosts. */
  close(): Promise<void>;
}
