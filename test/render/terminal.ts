import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { onTestFinished } from 'vitest';

/** A terminal, and all that was drawn on it so far. */
export class Terminal extends PassThrough {
  readonly isTTY = true;
  readonly columns = 100;
  readonly rows = 40;
  #written = '';

  /** For the time of one test: listr2 chooses what it draws by the process's own output, whatever it draws on. */
  constructor() {
    super();
    this.on('data', (chunk: Buffer) => (this.#written += chunk.toString()));
    const before = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY');
    Object.defineProperty(process.stdout, 'isTTY', { value: true, configurable: true, writable: true });
    onTestFinished(() => {
      if (before) Object.defineProperty(process.stdout, 'isTTY', before);
      else Reflect.deleteProperty(process.stdout, 'isTTY');
    });
  }

  /** All that was drawn, with its escape sequences. */
  written(): string {
    return this.#written;
  }

  /** Lines of what was drawn, without styles. */
  lines(): readonly string[] {
    return stripVTControlCharacters(this.#written)
      .split('\n')
      .map((line) => line.trimEnd());
  }
}
