import { sizeInWords } from '../text/size.ts';

/** Cuts a stream of chunks into lines, in linear time. A carriage return ends a line too: progress bars use it. */
export class LineCutter {
  /** Chunks of the current line. */
  #rest: string[] = [];
  readonly #onLine: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: string): void {
    const lines = chunk.split(/\r\n|\n|\r/);
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      this.#rest.push(line);
      this.end();
    }
    if (rest !== '') this.#rest.push(rest);
  }

  end(): void {
    const line = this.#rest.join('');
    this.#rest = [];
    if (line.trim() !== '') this.#onLine(line);
  }
}

/** Bytes that the record of a line adds to it. */
const LINE_OVERHEAD = 256;

/** Emits the lines of a stream until their records exceed `maxBytes`, and at its end how much was left out. */
export class BoundedLines {
  readonly #cutter: LineCutter;
  readonly #onLine: (line: string) => void;
  #room: number;
  #leftOutLines = 0;
  #leftOutBytes = 0;

  constructor(maxBytes: number, onLine: (line: string) => void) {
    this.#room = maxBytes;
    this.#onLine = onLine;
    this.#cutter = new LineCutter((line) => this.#take(line));
  }

  write(chunk: string): void {
    this.#cutter.write(chunk);
  }

  end(): void {
    this.#cutter.end();
    if (this.#leftOutLines === 0) return;
    const lines = `${this.#leftOutLines} ${this.#leftOutLines === 1 ? 'line' : 'lines'}`;
    this.#onLine(
      `[osha: ${lines} (${sizeInWords(this.#leftOutBytes)}) are left out; --max-output keeps more]`,
    );
  }

  #take(line: string): void {
    const size = line.length + LINE_OVERHEAD;
    if (this.#leftOutLines === 0 && size <= this.#room) {
      this.#room -= size;
      this.#onLine(line);
      return;
    }
    this.#leftOutLines += 1;
    this.#leftOutBytes += line.length;
  }
}

/** The last `count` lines of a text that are not blank. */
export function lastLines(text: string, count: number): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n');
}
