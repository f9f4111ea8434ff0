import type { Duplex, Readable, Writable } from 'node:stream';
import type { Host } from '../inventory/types.ts';
import { ConnectionDropped, LockFailed, OutputFlood, ScriptTimeout } from './errors.ts';
import { MarkedStream } from './marked-stream.ts';
import { ScriptRun } from './script-run.ts';
import type { LockAnswer, RunOptions, ScriptResult, Session } from './session.ts';
import { after } from './pause.ts';

/**
 * Milliseconds that a killed script may take to be gone. The loop kills it for good after two seconds, and gives up after
 * half a minute; a busy host takes its time for both.
 */
const KILLED_WITHIN_MS = 60_000;
/** Milliseconds that a host may take to end what runs and to clean up when a session is closed. */
const CLOSED_WITHIN_MS = 15_000;

/** The three streams of a remote loop, and how to tear them down. */
export interface ShellStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Calls back once when nothing more will come, at once when that is so already. */
  onClosed(listener: (why: string) => void): void;
  /** A TCP connection made at the other end; see `Session.forward`. */
  forward(address: string, port: number): Promise<Duplex>;
  /** Ends at once whatever carries the streams. */
  destroy(why: string): void;
  /** Ends whatever carries the streams, once they are closed. */
  disconnect(): Promise<void>;
}

export interface ShellSettings {
  readonly mark: string;
  /** Milliseconds between two signs of life to the loop. 0: none. */
  readonly beatMs: number;
  /** Bytes of each stream of a script that are kept, unless the script says otherwise. */
  readonly maxOutputBytes: number;
  /** Opens another shell at the other end; see `Session.beside`. */
  readonly beside: Session['beside'];
}

/** A session on a remote loop that is ready. */
export class ShellSession implements Session {
  readonly host: Host;
  readonly #streams: ShellStreams;
  readonly #beat: NodeJS.Timeout | undefined;
  readonly #beside: Session['beside'];
  readonly #maxOutputBytes: number;
  #roundTrips = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #run: ScriptRun | undefined;
  /** Waits for a line that begins so. */
  #reply: { readonly start: string; readonly heard: (rest: string) => void } | undefined;
  #dropped: ConnectionDropped | undefined;
  #onDrop: ((error: Error) => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(host: Host, streams: ShellStreams, { mark, beatMs, maxOutputBytes, beside }: ShellSettings) {
    this.host = host;
    this.#streams = streams;
    this.#beside = beside;
    this.#maxOutputBytes = maxOutputBytes;
    for (const stream of ['stdout', 'stderr'] as const) {
      const marked = new MarkedStream(mark, {
        bytes: (bytes) => this.#run?.bytes(stream, bytes),
        said: (line) => this.#hear(stream, line),
      });
      streams[stream].on('data', (chunk: Buffer) => marked.feed(chunk));
    }
    this.#beat = beatMs > 0 ? setInterval(() => this.#write('beat\n'), beatMs).unref() : undefined;
    streams.onClosed((why) => this.#drop(why));
  }

  get roundTrips(): number {
    return this.#roundTrips;
  }

  run(script: string, options: RunOptions): Promise<ScriptResult> {
    return this.#inTurn(() => this.#execute(script, options));
  }

  lock(owner: string, timeoutMs: number): Promise<LockAnswer> {
    return this.#askForLock('lock', owner, timeoutMs);
  }

  joinLock(owner: string, timeoutMs: number): Promise<LockAnswer> {
    return this.#askForLock('join', owner, timeoutMs);
  }

  async forward(address: string, port: number): Promise<Duplex> {
    this.#throwIfDropped();
    return this.#streams.forward(address, port);
  }

  async beside(limits: Parameters<Session['beside']>[0]): Promise<Session> {
    this.#throwIfDropped();
    return this.#beside(limits);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #askForLock(verb: 'lock' | 'join', owner: string, timeoutMs: number): Promise<LockAnswer> {
    return this.#inTurn(async () => {
      this.#throwIfDropped();
      const text = Buffer.from(`${owner.replaceAll(/\p{Cc}+/gu, ' ').trim()}\n`);
      const answer = await this.#ask('lock ', timeoutMs, [Buffer.from(`${verb} ${text.length}\n`), text]);
      const [kind = '', ...rest] = answer.split(' ');
      if (kind === 'ok') return { ok: true };
      if (kind === 'failed') throw new LockFailed(rest.join(' '));
      return { ok: false, holder: rest.join(' ').trim() || 'a run that is only starting' };
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #execute(script: string, options: RunOptions): Promise<ScriptResult> {
    options.signal?.throwIfAborted();
    this.#throwIfDropped();
    this.#roundTrips += 1;
    const started = performance.now();
    const { maxOutputBytes = this.#maxOutputBytes, beyondMaxOutput = 'cut' } = options;
    const run = new ScriptRun(String(this.#roundTrips), maxOutputBytes, (stream, piece) =>
      options.onOutput?.(stream, piece),
    );
    this.#run = run;
    this.#onDrop = (error) => run.drop(error);
    const body = Buffer.from(script);
    const { input = '' } = options;
    const stdin = typeof input === 'string' ? Buffer.from(input) : input;
    const header = Buffer.from(`run ${run.id} ${body.length} ${stdin.length}\n`);
    this.#write(Buffer.concat([header, body, stdin, Buffer.from('go\n')]));
    const limit = limited(options);
    try {
      const outcome = await Promise.race([
        run.ended,
        limit.reached,
        ...(beyondMaxOutput === 'end' ? [run.flooded] : []),
      ]);
      // A script that came to its end in the same moment is no less a flood: what it printed is not whole.
      const isFlood = beyondMaxOutput === 'end' && (outcome === 'flooded' || run.cutBytes > 0);
      if (typeof outcome !== 'number') {
        await this.#kill(run);
        options.signal?.throwIfAborted();
      }
      if (isFlood) throw new OutputFlood(maxOutputBytes);
      if (typeof outcome !== 'number') {
        throw new ScriptTimeout(options.timeoutMs, run.text('stdout'), run.text('stderr'));
      }
      const durationMs = Math.round(performance.now() - started);
      return {
        stdout: run.text('stdout'),
        stderr: run.text('stderr'),
        cutBytes: run.cutBytes > 0 ? run.cutBytes : undefined,
        exitCode: outcome,
        durationMs,
      };
    } finally {
      limit.clear();
      this.#run = undefined;
      this.#onDrop = undefined;
    }
  }

  /** Returns once nothing of the script is left. A host that cannot do that is let go: its loop ends it, or it is gone. */
  async #kill(run: ScriptRun): Promise<void> {
    this.#write(`kill ${run.id}\n`);
    const late = limited({ timeoutMs: KILLED_WITHIN_MS });
    try {
      const exitCode = await Promise.race([run.ended, late.reached]);
      if (exitCode === undefined) this.#streams.destroy('a script could not be stopped');
      else await this.#ask(`sync ${run.id}`, KILLED_WITHIN_MS, [Buffer.from(`sync ${run.id}\n`)]);
    } catch {
      // Dropped meanwhile: the next script will say so, and this one has its own reason to end.
    } finally {
      late.clear();
    }
  }

  /** Sends a request and returns what comes after `start` in its answer. After `timeoutMs` the session is given up. */
  async #ask(start: string, timeoutMs: number, request: readonly Buffer[]): Promise<string> {
    const late = limited({ timeoutMs });
    try {
      const answer = new Promise<string>((heard, dropped) => {
        this.#reply = { start, heard };
        this.#onDrop = dropped;
      });
      for (const part of request) this.#write(part);
      const rest = await Promise.race([answer, late.reached]);
      if (rest !== undefined) return rest;
      this.#streams.destroy('the host stopped answering');
      throw new ScriptTimeout(timeoutMs, '', '');
    } finally {
      late.clear();
      this.#reply = undefined;
      this.#onDrop = undefined;
    }
  }

  #hear(stream: 'stdout' | 'stderr', line: string): void {
    const [verb = '', id = '', exitCode = ''] = line.split(' ');
    if (verb === 'refused') this.#streams.destroy(`its shell gave up: ${line.slice('refused '.length)}`);
    else if (this.#reply && line.startsWith(this.#reply.start)) {
      this.#reply.heard(line.slice(this.#reply.start.length));
    } else this.#run?.said(stream, verb, id, exitCode);
  }

  #write(data: string | Uint8Array): void {
    if (this.#dropped === undefined && !this.#streams.stdin.writableEnded) this.#streams.stdin.write(data);
  }

  #drop(why: string): void {
    clearInterval(this.#beat);
    this.#dropped ??= new ConnectionDropped(why);
    this.#onDrop?.(this.#dropped);
  }

  /** Each caller gets an error of its own, with its own stack. */
  #throwIfDropped(): void {
    if (this.#closing) throw new ConnectionDropped('the session was closed');
    if (this.#dropped) throw new ConnectionDropped(this.#dropped.reason);
  }

  async #close(): Promise<void> {
    clearInterval(this.#beat);
    const closed = new Promise<void>((resolve) => this.#streams.onClosed(() => resolve()));
    this.#onDrop?.(new ConnectionDropped('the session was closed'));
    this.#streams.stdin.end();
    const late = setTimeout(() => this.#streams.destroy('the session was closed'), CLOSED_WITHIN_MS);
    await closed;
    clearTimeout(late);
    await this.#streams.disconnect();
  }
}

interface Limit {
  /** Resolves when the time is over or the signal came; never rejects. */
  readonly reached: Promise<undefined>;
  clear(): void;
}

function limited({ timeoutMs, signal }: Pick<RunOptions, 'timeoutMs' | 'signal'>): Limit {
  let reach = (): void => undefined;
  const reached = new Promise<undefined>((resolve) => {
    reach = () => resolve(undefined);
  });
  const timer = after(timeoutMs, reach);
  signal?.addEventListener('abort', reach, { once: true });
  return {
    reached,
    clear: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', reach);
    },
  };
}
