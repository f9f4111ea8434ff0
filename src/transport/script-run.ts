import { BoundedOutput } from './bounded-output.ts';
import type { RunOptions } from './session.ts';

type Stream = 'stdout' | 'stderr';

/** What one stream gave for one script. */
class Output {
  readonly kept: BoundedOutput;
  began = false;
  ended = false;

  constructor(maxBytes: number, tell: (piece: string) => void) {
    this.kept = new BoundedOutput(maxBytes, tell);
  }

  add(bytes: Buffer): void {
    if (this.began && !this.ended) this.kept.add(bytes);
  }

  end(): void {
    this.ended = true;
    this.kept.end();
  }
}

/** One script on its way through a remote loop: collects its output until the loop has said its end on both streams. */
export class ScriptRun {
  readonly id: string;
  /** The exit code. Rejects with what is given to `drop`. */
  readonly ended: Promise<number>;
  /** Resolves once a stream gave more than is kept of it. */
  readonly flooded: Promise<'flooded'>;
  readonly #outputs: Readonly<Record<Stream, Output>>;
  #end!: (exitCode: number) => void;
  #fail!: (error: Error) => void;
  #flood!: (word: 'flooded') => void;

  /** Keeps `maxBytes` of each stream. */
  constructor(id: string, maxBytes: number, onOutput: NonNullable<RunOptions['onOutput']>) {
    this.id = id;
    this.#outputs = {
      stdout: new Output(maxBytes, (piece) => onOutput('stdout', piece)),
      stderr: new Output(maxBytes, (piece) => onOutput('stderr', piece)),
    };
    this.flooded = new Promise((resolve) => (this.#flood = resolve));
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    // Whoever waits for it hears of it; nobody may be waiting when it drops.
    this.ended.catch(() => undefined);
  }

  bytes(stream: Stream, bytes: Buffer): void {
    const output = this.#outputs[stream];
    output.add(bytes);
    if (output.kept.isFull) this.#flood('flooded');
  }

  /** `begin ID` or `end ID EXITCODE`. What came before `begin` was late output of something else. */
  said(stream: Stream, verb: string, id: string, exitCode: string): void {
    if (id !== this.id) return;
    const { stdout, stderr } = this.#outputs;
    const output = this.#outputs[stream];
    if (verb === 'begin') output.began = true;
    if (verb === 'end' && !output.ended) output.end();
    if (stdout.ended && stderr.ended) this.#end(Number(exitCode));
  }

  /** The connection ended: nobody knows how far the script came. */
  drop(error: Error): void {
    this.#fail(error);
  }

  text(stream: Stream): string {
    return this.#outputs[stream].kept.text();
  }

  /** Bytes of both streams that were not kept. */
  get cutBytes(): number {
    return this.#outputs.stdout.kept.cutBytes + this.#outputs.stderr.kept.cutBytes;
  }
}
