import { LineCutter } from '../runner/lines.ts';
import type { Session } from '../transport/session.ts';
import type { WatchScript } from './probe-script.ts';

/** Milliseconds that a watch may run: far longer than a host takes to come back. It ends with its connection anyway. */
const LONGEST_MS = 24 * 60 * 60_000;
/** Bytes of samples to keep of one host: a day of a dozen services. */
const MOST_BYTES = 256 * 1024 * 1024;

/** The monotonic clock of another host, as far as the times in its messages tell. */
export class HostClock {
  #aheadMs = -Infinity;
  readonly #ownMs: () => number;

  /** `ownMs` is this machine's monotonic clock. */
  constructor(ownMs: () => number = () => performance.now()) {
    this.#ownMs = ownMs;
  }

  /** A message of that host has arrived, which was sent at `hostMs`. The one that was fastest counts. */
  note(hostMs: number): void {
    this.#aheadMs = Math.max(this.#aheadMs, hostMs - this.#ownMs());
  }

  /** What it shows now. */
  now(): number {
    return this.#aheadMs + this.#ownMs();
  }
}

/** A script that runs on a host until it is stopped, and prints lines. */
export class Watch {
  readonly #session: Session;
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;
  #whyEnded: string | undefined;
  #lastWords = '';

  constructor(session: Session, { script, input }: WatchScript, onLine: (line: string) => void) {
    this.#session = session;
    const lines = new LineCutter(onLine);
    const words = new LineCutter((line) => (this.#lastWords = line));
    this.#run = session
      .run(script, {
        input,
        timeoutMs: LONGEST_MS,
        maxOutputBytes: MOST_BYTES,
        signal: this.#stop.signal,
        onOutput: (stream, chunk) => (stream === 'stdout' ? lines : words).write(chunk),
      })
      .then(
        ({ exitCode }) => this.#end(`its script ended with ${exitCode}`),
        (error: unknown) => this.#end(error instanceof Error ? error.message : String(error)),
      );
  }

  /** Why it ended before it was stopped; `undefined` if it did not. */
  get whyEnded(): string | undefined {
    return this.#whyEnded;
  }

  /** The last line that it printed on stderr; empty without one. */
  get lastWords(): string {
    return this.#lastWords;
  }

  /** Ends the script, waits until it is gone, and closes the session. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'));
    await this.#run;
    await this.#session.close().catch(() => undefined);
  }

  #end(why: string): void {
    if (!this.#stop.signal.aborted) this.#whyEnded = why;
  }
}
