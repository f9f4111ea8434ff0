import type { Host } from '../inventory/types.ts';
import { Refusal } from '../runner/failure.ts';
import { LineCutter } from '../runner/lines.ts';
import type { ByteSink, Session } from '../transport/session.ts';
import { pause } from '../transport/timers.ts';
import { BackupError } from './errors.ts';

/** Opens a session on a host. Throws `ConnectError`. */
export type Connect = (host: Host, signal: AbortSignal) => Promise<Session>;

/** Milliseconds for a script that copies data: a week. It ends with its connection. */
export const LONGEST_MS = 7 * 24 * 60 * 60_000;
/** Milliseconds for the answer about a lock. */
const LOCKED_WITHIN_MS = 120_000;
/** Milliseconds for what is left of a run that was killed to end. */
const FREE_WITHIN_MS = 30_000;

/** Takes a host's lock for as long as the session lasts. Throws `Refusal` while another run holds it. */
export async function lockMember(session: Session, owner: string, signal: AbortSignal): Promise<void> {
  const until = Date.now() + FREE_WITHIN_MS;
  for (;;) {
    const answer = await session.lock(owner, LOCKED_WITHIN_MS);
    if (answer.ok) return;
    if (Date.now() >= until) {
      throw new Refusal(
        `another run holds the lock: ${session.host.name} is held by ${answer.holder.replace(/ #[0-9a-f]{12}$/, '')}`,
        'wait until it has ended, then run again',
      );
    }
    await pause(1_000, signal);
  }
}

export interface MemberScript {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  readonly input?: Uint8Array | undefined;
  readonly stdoutTo?: ByteSink | undefined;
  /** Gets lines of stderr as they arrive. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Gets lines of stdout as they arrive. */
  readonly onAnswer?: ((line: string) => void) | undefined;
}

/** Runs a script and returns what it printed. Throws `BackupError` with its last words where it fails. */
export async function runScript(
  session: Session,
  script: string,
  { signal, timeoutMs = LONGEST_MS, input, stdoutTo, onLine, onAnswer }: MemberScript,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const lines = { stderr: new LineCutter(onLine ?? ignore), stdout: new LineCutter(onAnswer ?? ignore) };
  const { exitCode, stdout, stderr } = await session.run(script, {
    signal,
    timeoutMs,
    stdoutTo,
    ...(input === undefined ? {} : { input }),
    onOutput: (stream, chunk) => lines[stream].write(chunk),
  });
  if (exitCode === 0) return { stdout, stderr };
  throw new BackupError(`a command on ${session.host.name} exited with ${exitCode}`, { output: stderr });
}

function ignore(): void {
  // Only the result counts.
}

/** The checksum in what a script printed. */
export function sumIn(text: string): string | undefined {
  return /^sha256 ([0-9a-f]{64})$/m.exec(text)?.[1];
}

/** Calls `tell` with the number of bytes so far, at most every two seconds. */
export class ByteCount {
  #bytes = 0;
  #toldAt = Date.now();
  readonly #tell: (bytes: number) => void;

  constructor(tell: (bytes: number) => void) {
    this.#tell = tell;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (Date.now() - this.#toldAt < 2_000) return;
    this.#toldAt = Date.now();
    this.#tell(this.#bytes);
  }
}
