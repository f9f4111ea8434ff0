import { StringDecoder } from 'node:string_decoder';
import { sizeInWords } from '../text/size.ts';

/** Bytes to keep of each stream of a command. Probes print far less, and twenty hosts may flood at once. */
export const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Bytes to keep of the end of cut output: errors are usually there. */
const TAIL_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** The note in place of cut output. */
export function cutNote(bytes: number): string {
  return `\n[osha: ${sizeInWords(bytes)} cut here; --max-output keeps more]\n`;
}

/** The output of a command on one stream: the first `maxBytes`, and the last 64 KiB of the rest. Takes constant time per byte. */
export class BoundedOutput {
  readonly #maxBytes: number;
  readonly #onText: (piece: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #isFull = false;
  /** Two generations of the tail: once the younger one is as large as the tail, the older one is dropped. */
  #older: Buffer[] = [];
  #younger: Buffer[] = [];
  #youngerBytes = 0;
  #tailBytes = 0;

  /** `onText` receives kept text as it arrives; the tail after a cut arrives with `end`. */
  constructor(maxBytes: number, onText: (piece: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onText = (piece) => {
      if (piece !== '') onText(piece);
    };
  }

  /** True once more than `maxBytes` arrived. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Bytes dropped between head and tail. */
  get cutBytes(): number {
    return this.#tailBytes - this.#tail().length;
  }

  add(bytes: Buffer): void {
    if (this.#isFull) return this.#keepInTail(bytes);
    const room = this.#maxBytes - this.#headBytes;
    if (bytes.length <= room) return this.#keepInHead(bytes);
    this.#isFull = true;
    // Cut between lines if possible: half a line may be half a secret, which no mask matches.
    const lineEnd = room > 0 ? bytes.lastIndexOf(NEWLINE, room - 1) : -1;
    const cut = lineEnd < 0 ? room : lineEnd + 1;
    if (cut > 0) this.#keepInHead(bytes.subarray(0, cut));
    this.#keepInTail(bytes.subarray(cut));
  }

  /** Ends the stream. */
  end(): void {
    const tail = this.#tail();
    const cut = this.cutBytes;
    if (cut > 0) {
      this.#onText(this.#decoder.end() + cutNote(cut) + tail.toString('utf8'));
    } else this.#onText(this.#decoder.end(tail));
  }

  /** The kept output, with a note in place of cut bytes. */
  text(): string {
    const tail = this.#tail();
    const cut = this.cutBytes;
    if (cut === 0) return Buffer.concat([...this.#head, tail]).toString('utf8');
    return Buffer.concat(this.#head).toString('utf8') + cutNote(cut) + tail.toString('utf8');
  }

  #keepInHead(bytes: Buffer): void {
    this.#head.push(bytes);
    this.#headBytes += bytes.length;
    this.#onText(this.#decoder.write(bytes));
  }

  #keepInTail(bytes: Buffer): void {
    this.#tailBytes += bytes.length;
    this.#younger.push(bytes);
    this.#youngerBytes += bytes.length;
    if (this.#youngerBytes < TAIL_BYTES) return;
    this.#older = [Buffer.concat(this.#younger).subarray(-TAIL_BYTES)];
    this.#younger = [];
    this.#youngerBytes = 0;
  }

  /** Starts at the beginning of a line if bytes before it were dropped. */
  #tail(): Buffer {
    const kept = Buffer.concat([...this.#older, ...this.#younger]).subarray(-TAIL_BYTES);
    if (kept.length === this.#tailBytes) return kept;
    const lineStart = kept.indexOf(NEWLINE) + 1;
    return kept.subarray(lineStart < kept.length ? lineStart : 0);
  }
}
