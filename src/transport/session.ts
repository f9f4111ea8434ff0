import type { Duplex } from 'node:stream';
import type { Host } from '../inventory/types.ts';

/** The result of a script. */
export interface ScriptResult {
  /** Decoded as UTF-8. Where output was cut, a note takes its place. */
  readonly stdout: string;
  readonly stderr: string;
  /** Bytes cut from both streams together; absent where nothing was cut. */
  readonly cutBytes?: number | undefined;
  readonly exitCode: number;
  readonly durationMs: number;
}

export interface RunOptions {
  /** The script's stdin; empty by default. */
  readonly input?: string | Uint8Array;
  /** Milliseconds until the script's process group is killed and `ScriptTimeout` is thrown. */
  readonly timeoutMs: number;
  /** Kills the script's process group, then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Bytes to keep of each stream; default is the transport's setting. */
  readonly maxOutputBytes?: number | undefined;
  /** What happens to a script that prints more: its output is cut (default), or it is killed and `OutputFlood` is thrown. */
  readonly beyondMaxOutput?: 'cut' | 'end' | undefined;
  /** Called with output as it arrives, in whole characters; not with output that is cut. */
  onOutput?(stream: 'stdout' | 'stderr', chunk: string): void;
  /**
   * Gets the bytes of stdout as they arrive, in order; then nothing of stdout is kept. While a returned promise is pending, the
   * script is held back. If it rejects, the script's process group is killed and `run` throws the same error.
   */
  readonly stdoutTo?: ByteSink | undefined;
}

/** Takes bytes, as fast as the promises that it returns. */
export type ByteSink = (bytes: Buffer) => Promise<void> | void;

/** A root shell that stays open on one host. Scripts run one at a time, in the order of the calls. */
export interface Session {
  readonly host: Host;
  /** Scripts sent so far. */
  readonly roundTrips: number;
  /**
   * Runs a POSIX sh script as root and returns its result, whatever its exit code.
   * Throws `ScriptTimeout`, `OutputFlood`, `ConnectionDropped`, or the reason of an aborted `signal`.
   */
  run(script: string, options: RunOptions): Promise<ScriptResult>;
  /**
   * Takes the host's lock until this session and its scripts have ended, however they end. `owner` is one line that
   * identifies the run to others that want the lock; it must be unique to the run. An earlier session of the same owner that
   * still holds the lock is made to end: repeat the call until it has.
   * Throws `LockFailed`, `ConnectionDropped`, `ScriptTimeout`.
   */
  lock(owner: string, timeoutMs: number): Promise<LockAnswer>;
  /** Shares the lock that another session holds for the same `owner`: it is free when both have ended. Throws like `lock`. */
  joinLock(owner: string, timeoutMs: number): Promise<LockAnswer>;
  /**
   * Opens a TCP connection from the host, without waiting for running scripts. It ends with the session. Throws
   * `ForwardError` when the host cannot connect, and `ConnectionDropped`.
   */
  forward(address: string, port: number): Promise<Duplex>;
  /**
   * Opens another root shell on the same connection, to run scripts in parallel. It ends with this session. Throws
   * `ConnectError` when the host allows no more (sshd's MaxSessions defaults to 10), `ConnectionDropped`, or the reason of an
   * aborted `signal`.
   */
  openAnother(limits: Pick<ConnectOptions, 'timeoutMs' | 'signal'>): Promise<Session>;
  close(): Promise<void>;
}

export type LockAnswer = { readonly ok: true } | { readonly ok: false; readonly holder: string };

export interface ConnectOptions {
  /** Milliseconds for TCP, handshake, login and sudo together. */
  readonly timeoutMs: number;
  /** Record unknown host keys instead of rejecting them. A changed key is always rejected. */
  readonly acceptNew: boolean;
  readonly signal?: AbortSignal;
}

/** Opens sessions: over SSH, or as a fake in tests. */
export interface Transport {
  /** Throws `ConnectError`. */
  connect(host: Host, options: ConnectOptions): Promise<Session>;
  /** Closes what sessions share, such as connections to jump hosts. */
  close(): Promise<void>;
}
