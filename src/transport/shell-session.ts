import type { Duplex, Readable, Writable } from 'node:stream';
import type { Host } from '../inventory/types.ts';
import { BoundedOutput } from './bounded-output.ts';
import { ConnectionDropped, LockFailed, OutputFlood, ScriptTimeout } from './errors.ts';
import { MarkedStream } from './remote-loop.ts';
import type { ByteSink, LockAnswer, RunOptions, ScriptResult, Session } from './session.ts';
import { after } from './timers.ts';

type Stream = 'stdout' | 'stderr';

/**
 * Milliseconds for a killed script to be gone. The loop sends SIGKILL after two seconds and gives up after half a minute; a
 * busy host is slow at both.
 */
const KILLED_WITHIN_MS = 60_000;
/** Milliseconds for a host to end scripts and clean up when a session is closed. */
const CLOSED_WITHIN_MS = 15_000;

/** The three streams of a remote loop, and their connection. */
export interface ShellStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Calls back once when the streams are closed; immediately if they are already. */
  onClosed(listener: (why: string) => void): void;
  /** See `Session.forward`. */
  forward(address: string, port: number): Promise<Duplex>;
  /** Closes the connection of the streams at once. */
  destroy(why: string): void;
  /** Closes the connection gracefully, after the streams are closed. */
  disconnect(): Promise<void>;
}

export interface ShellSettings {
  readonly mark: string;
  /** Milliseconds between two heartbeats to the loop. 0: none. */
  readonly beatMs: number;
  /** Bytes to keep of each stream of a script, unless its `RunOptions` say otherwise. */
  readonly maxOutputBytes: number;
  /** See `Session.openAnother`. */
  readonly openAnother: Session['openAnother'];
}

/** A session on a ready remote loop. */
export class ShellSession implements Session {
  readonly host: Host;
  readonly #streams: ShellStreams;
  readonly #beat: NodeJS.Timeout | undefined;
  readonly #openAnother: Session['openAnother'];
  readonly #maxOutputBytes: number;
  #roundTrips = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #run: ScriptRun | undefined;
  /** The pending request: waits for a line that starts with `start`. */
  #pending: { readonly start: string; readonly answer: (rest: string) => void } | undefined;
  #dropped: ConnectionDropped | undefined;
  #onDrop: ((error: Error) => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    host: Host,
    streams: ShellStreams,
    { mark, beatMs, maxOutputBytes, openAnother }: ShellSettings,
  ) {
    this.host = host;
    this.#streams = streams;
    this.#openAnother = openAnother;
    this.#maxOutputBytes = maxOutputBytes;
    for (const stream of ['stdout', 'stderr'] as const) {
      const marked = new MarkedStream(mark, {
        bytes: (bytes) => this.#run?.bytes(stream, bytes),
        message: (line) => this.#receive(stream, line),
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

  async openAnother(limits: Parameters<Session['openAnother']>[0]): Promise<Session> {
    this.#throwIfDropped();
    return this.#openAnother(limits);
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
      return { ok: false, holder: rest.join(' ').trim() || 'a run that is just starting' };
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
    const run = new ScriptRun(String(this.#roundTrips), maxOutputBytes, {
      onOutput: (stream, piece) => options.onOutput?.(stream, piece),
      drain: options.stdoutTo && new Drain(options.stdoutTo, this.#streams.stdout),
    });
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
        ...(run.drain ? [run.drain.failed] : []),
      ]);
      // Also if the script has ended meanwhile: its output is still incomplete.
      const isFlood = beyondMaxOutput === 'end' && (outcome === 'flooded' || run.cutBytes > 0);
      if (typeof outcome !== 'number') {
        run.drain?.discard();
        await this.#kill(run);
        options.signal?.throwIfAborted();
      }
      if (outcome === 'failed' || typeof outcome === 'number') await run.drain?.emptied();
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
      run.drain?.discard();
      limit.clear();
      this.#run = undefined;
      this.#onDrop = undefined;
    }
  }

  /** Returns once the script and its processes are gone. If the host does not manage that, drops the connection: its loop ends them. */
  async #kill(run: ScriptRun): Promise<void> {
    this.#write(`kill ${run.id}\n`);
    const limit = limited({ timeoutMs: KILLED_WITHIN_MS });
    try {
      const exitCode = await Promise.race([run.ended, limit.reached]);
      if (exitCode === undefined) this.#streams.destroy('a script could not be stopped');
      else await this.#ask(`sync ${run.id}`, KILLED_WITHIN_MS, [Buffer.from(`sync ${run.id}\n`)]);
    } catch {
      // Dropped meanwhile: the next script reports it, and the caller throws a reason of its own.
    } finally {
      limit.clear();
    }
  }

  /** Sends a request and returns the part of the answer after `start`. Drops the session after `timeoutMs`. */
  async #ask(start: string, timeoutMs: number, request: readonly Buffer[]): Promise<string> {
    const limit = limited({ timeoutMs });
    try {
      const answered = new Promise<string>((answer, dropped) => {
        this.#pending = { start, answer };
        this.#onDrop = dropped;
      });
      for (const part of request) this.#write(part);
      const rest = await Promise.race([answered, limit.reached]);
      if (rest !== undefined) return rest;
      this.#streams.destroy('the host stopped answering');
      throw new ScriptTimeout(timeoutMs, '', '');
    } finally {
      limit.clear();
      this.#pending = undefined;
      this.#onDrop = undefined;
    }
  }

  #receive(stream: Stream, line: string): void {
    const [verb = '', id = '', exitCode = ''] = line.split(' ');
    if (verb === 'refused') this.#streams.destroy(`its shell gave up: ${line.slice('refused '.length)}`);
    else if (this.#pending && line.startsWith(this.#pending.start)) {
      this.#pending.answer(line.slice(this.#pending.start.length));
    } else this.#run?.message(stream, verb, id, exitCode);
  }

  #write(data: string | Uint8Array): void {
    if (this.#dropped === undefined && !this.#streams.stdin.writableEnded) this.#streams.stdin.write(data);
  }

  #drop(why: string): void {
    clearInterval(this.#beat);
    this.#dropped ??= new ConnectionDropped(why);
    this.#onDrop?.(this.#dropped);
  }

  /** A new error for each caller, with its own stack. */
  #throwIfDropped(): void {
    if (this.#closing) throw new ConnectionDropped('the session was closed');
    if (this.#dropped) throw new ConnectionDropped(this.#dropped.reason);
  }

  async #close(): Promise<void> {
    clearInterval(this.#beat);
    const closed = new Promise<void>((resolve) => this.#streams.onClosed(() => resolve()));
    this.#onDrop?.(new ConnectionDropped('the session was closed'));
    this.#streams.stdin.end();
    const timer = setTimeout(() => this.#streams.destroy('the session was closed'), CLOSED_WITHIN_MS);
    await closed;
    clearTimeout(timer);
    await this.#streams.disconnect();
  }
}

interface Limit {
  /** Resolves on timeout or abort; never rejects. */
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

/** The output of one script on one stream. */
class Output {
  readonly kept: BoundedOutput;
  began = false;
  ended = false;

  constructor(maxBytes: number, onText: (piece: string) => void) {
    this.kept = new BoundedOutput(maxBytes, onText);
  }

  add(bytes: Buffer): void {
    if (this.began && !this.ended) this.kept.add(bytes);
  }

  end(): void {
    this.ended = true;
    this.kept.end();
  }
}

/** Passes the bytes of a stream to a sink, and pauses the stream while the sink is busy. */
class Drain {
  /** Resolves once the sink has failed. */
  readonly failed: Promise<'failed'>;
  readonly #sink: ByteSink;
  readonly #source: Readable;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isDiscarding = false;
  #failure: { readonly error: unknown } | undefined;
  #fail!: (word: 'failed') => void;

  constructor(sink: ByteSink, source: Readable) {
    this.#sink = sink;
    this.#source = source;
    this.failed = new Promise((resolve) => (this.#fail = resolve));
  }

  add(bytes: Buffer): void {
    if (this.#isDiscarding) return;
    this.#waiting += 1;
    this.#source.pause();
    this.#last = this.#last.then(() => this.#pass(bytes));
  }

  /** Drops all further bytes, so that the stream's end arrives. */
  discard(): void {
    this.#isDiscarding = true;
    this.#source.resume();
  }

  /** Waits until the sink has taken everything. Throws its error. */
  async emptied(): Promise<void> {
    await this.#last;
    if (this.#failure) throw this.#failure.error;
  }

  async #pass(bytes: Buffer): Promise<void> {
    try {
      if (!this.#isDiscarding) await this.#sink(bytes);
    } catch (error) {
      this.#failure ??= { error };
      this.#isDiscarding = true;
      this.#fail('failed');
    }
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#source.resume();
  }
}

/** A script that a remote loop runs: collects its output until the loop has reported its end on both streams. */
class ScriptRun {
  readonly id: string;
  /** The exit code. Rejects with the error passed to `drop`. */
  readonly ended: Promise<number>;
  /** Resolves once a stream exceeds its limit. */
  readonly flooded: Promise<'flooded'>;
  /** Takes stdout instead of its output. */
  readonly drain: Drain | undefined;
  readonly #outputs: Readonly<Record<Stream, Output>>;
  #end!: (exitCode: number) => void;
  #fail!: (error: Error) => void;
  #flood!: (word: 'flooded') => void;

  /** Keeps `maxBytes` of each stream. */
  constructor(
    id: string,
    maxBytes: number,
    {
      onOutput,
      drain,
    }: { readonly onOutput: NonNullable<RunOptions['onOutput']>; readonly drain: Drain | undefined },
  ) {
    this.id = id;
    this.drain = drain;
    this.#outputs = {
      stdout: new Output(maxBytes, (piece) => onOutput('stdout', piece)),
      stderr: new Output(maxBytes, (piece) => onOutput('stderr', piece)),
    };
    this.flooded = new Promise((resolve) => (this.#flood = resolve));
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    // Avoids an unhandled rejection when the connection drops while no caller waits.
    this.ended.catch(() => undefined);
  }

  bytes(stream: Stream, bytes: Buffer): void {
    const output = this.#outputs[stream];
    if (stream === 'stdout' && this.drain) {
      if (output.began && !output.ended) this.drain.add(bytes);
      return;
    }
    output.add(bytes);
    if (output.kept.isFull) this.#flood('flooded');
  }

  /** Handles `begin ID` and `end ID EXITCODE`. Output before `begin` is late output of an earlier script. */
  message(stream: Stream, verb: string, id: string, exitCode: string): void {
    if (id !== this.id) return;
    const { stdout, stderr } = this.#outputs;
    const output = this.#outputs[stream];
    if (verb === 'begin') output.began = true;
    if (verb === 'end' && !output.ended) output.end();
    if (stdout.ended && stderr.ended) this.#end(Number(exitCode));
  }

  /** The connection ended: how far the script got is unknown. */
  drop(error: Error): void {
    this.#fail(error);
  }

  text(stream: Stream): string {
    return this.#outputs[stream].kept.text();
  }

  /** Bytes cut from both streams. */
  get cutBytes(): number {
    return this.#outputs.stdout.kept.cutBytes + this.#outputs.stderr.kept.cutBytes;
  }
}
