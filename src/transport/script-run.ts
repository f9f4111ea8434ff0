import { StringDecoder } from 'node:string_decoder';
import type { RunOptions } from './session.ts';

type Stream = 'stdout' | 'stderr';

/** What one stream gave for one script. */
class Output {
  readonly #chunks: Buffer[] = [];
  readonly #decoder = new StringDecoder('utf8');
  readonly #tell: (piece: string) => void;
  began = false;
  ended = false;

  constructor(tell: (piece: string) => void) {
    this.#tell = (piece) => {
      if (piece !== '') tell(piece);
    };
  }

  add(bytes: Buffer): void {
    if (!this.began || this.ended) return;
    this.#chunks.push(bytes);
    this.#tell(this.#decoder.write(bytes));
  }

  end(): void {
    this.ended = true;
    this.#tell(this.#decoder.end());
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/** One script on its way through a remote loop: collects its output until the loop has said its end on both streams. */
export class ScriptRun {
  readonly id: string;
  /** The exit code. Rejects with what is given to `drop`. */
  readonly ended: Promise<number>;
  readonly #outputs: Readonly<Record<Stream, Output>>;
  #end!: (exitCode: number) => void;
  #fail!: (error: Error) => void;

  constructor(id: string, onOutput: NonNullable<RunOptions['onOutput']>) {
    this.id = id;
    this.#outputs = {
      stdout: new Output((piece) => onOutput('stdout', piece)),
      stderr: new Output((piece) => onOutput('stderr', piece)),
    };
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    // Whoever waits for it hears of it; nobody may be waiting when it drops.
    this.ended.catch(() => undefined);
  }

  bytes(stream: Stream, bytes: Buffer): void {
    this.#outputs[stream].add(bytes);
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
    return this.#outputs[stream].text();
  }
}
