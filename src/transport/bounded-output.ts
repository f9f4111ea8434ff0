import { StringDecoder } from 'node:string_decoder';
import { sizeInWords } from '../text/size.ts';

/** Bytes of each stream of a command that are kept: what osha asks prints far less, and twenty hosts may flood at once. */
export const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Bytes of the end that are kept of what was cut: that is where a command says how it failed. */
const TAIL_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** What stands in the place of what was cut. */
export function cutNote(bytes: number): string {
  return `\n[osha: ${sizeInWords(bytes)} were cut here; --max-output keeps more]\n`;
}

/**
 * What one stream of a command gave: its first bytes, as many as are to be kept, and of what came after them the last 64 KiB.
 * Takes constant time for each byte, and forgets what it does not keep.
 */
export class BoundedOutput {
  readonly #maxBytes: number;
  readonly #tell: (piece: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #isFull = false;
  /** Two generations of the end: once the younger one is as large as the tail, the older one is forgotten. */
  #older: Buffer[] = [];
  #younger: Buffer[] = [];
  #youngerBytes = 0;
  #tailBytes = 0;

  /** `tell` is given the text as it comes, as far as it is kept; the end after the cut comes with `end`. */
  constructor(maxBytes: number, tell: (piece: string) => void) {
    this.#maxBytes = maxBytes;
    this.#tell = (piece) => {
      if (piece !== '') tell(piece);
    };
  }

  /** True once more came than is to be kept. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Bytes that came and were not kept. */
  get cutBytes(): number {
    return this.#tailBytes - this.#tail().length;
  }

  add(bytes: Buffer): void {
    if (this.#isFull) return this.#keepInTail(bytes);
    const room = this.#maxBytes - this.#headBytes;
    if (bytes.length <= room) return this.#keepInHead(bytes);
    this.#isFull = true;
    // Between two lines, where there are lines: half a line may be half a secret, which no mask fits.
    const lineEnd = room > 0 ? bytes.lastIndexOf(NEWLINE, room - 1) : -1;
    const cut = lineEnd < 0 ? room : lineEnd + 1;
    if (cut > 0) this.#keepInHead(bytes.subarray(0, cut));
    this.#keepInTail(bytes.subarray(cut));
  }

  /** Nothing more comes. */
  end(): void {
    const tail = this.#tail();
    const cut = this.cutBytes;
    if (cut > 0) {
      this.#tell(this.#decoder.end() + cutNote(cut) + tail.toString('utf8'));
    } else this.#tell(this.#decoder.end(tail));
  }

  /** All that was kept, with a note in the place of what was cut. */
  text(): string {
    const tail = this.#tail();
    const cut = this.cutBytes;
    if (cut === 0) return Buffer.concat([...this.#head, tail]).toString('utf8');
    return Buffer.concat(this.#head).toString('utf8') + cutNote(cut) + tail.toString('utf8');
  }

  #keepInHead(bytes: Buffer): void {
    this.#head.push(bytes);
    this.#headBytes += bytes.length;
    this.#tell(this.#decoder.write(bytes));
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

  /** The end, from the beginning of a line on where something is missing before it. */
  #tail(): Buffer {
    const kept = Buffer.concat([...this.#older, ...this.#younger]).subarray(-TAIL_BYTES);
    if (kept.length === this.#tailBytes) return kept;
    const lineStart = kept.indexOf(NEWLINE) + 1;
    return kept.subarray(lineStart < kept.length ? lineStart : 0);
  }
}
