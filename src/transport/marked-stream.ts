/** Starts everything that the remote loop itself says: the ASCII record separator, which text does not have. */
const SEPARATOR = 0x1e;
const NEWLINE = 0x0a;
/** Bytes of a mark and what is said behind it: more than the loop ever says, so something else is no longer waited for. */
const LONGEST_SAID = 8 * 1024;

/** Hears what comes out of a stream, in its order. */
export interface MarkListener {
  /** Bytes that a script wrote. */
  bytes(bytes: Buffer): void;
  /** Something that the remote loop said, without its mark. */
  said(line: string): void;
}

/**
 * Takes apart a stream of a remote loop: what scripts wrote, and what the loop itself said. Every byte is passed on as
 * soon as it is sure that it does not belong to a mark, and looked at a bounded number of times however much comes.
 */
export class MarkedStream {
  readonly #needle: Buffer;
  readonly #listener: MarkListener;
  #held: Buffer = Buffer.alloc(0);

  constructor(mark: string, listener: MarkListener) {
    this.#needle = Buffer.concat([Buffer.from([SEPARATOR]), Buffer.from(`${mark} `)]);
    this.#listener = listener;
  }

  feed(chunk: Buffer): void {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    let from = 0;
    for (;;) {
      const at = bytes.indexOf(this.#needle, from);
      if (at < 0) {
        const cut = this.#startOfPartialMark(bytes, from);
        this.#pass(bytes, from, cut);
        this.#held = bytes.subarray(cut);
        return;
      }
      this.#pass(bytes, from, at);
      const lineEnd = bytes.indexOf(NEWLINE, at);
      if (lineEnd < 0 ? bytes.length - at > LONGEST_SAID : lineEnd - at > LONGEST_SAID) {
        from = at + this.#needle.length;
        this.#pass(bytes, at, from);
        continue;
      }
      if (lineEnd < 0) {
        this.#held = bytes.subarray(at);
        return;
      }
      this.#listener.said(bytes.toString('utf8', at + this.#needle.length, lineEnd));
      from = lineEnd + 1;
    }
  }

  #pass(bytes: Buffer, from: number, to: number): void {
    if (to > from) this.#listener.bytes(bytes.subarray(from, to));
  }

  /** Where a mark begins whose rest has not come yet; the length of `bytes` where none does. */
  #startOfPartialMark(bytes: Buffer, from: number): number {
    const at = bytes.lastIndexOf(SEPARATOR);
    const length = bytes.length - at;
    const isPartial =
      at >= from &&
      length < this.#needle.length &&
      bytes.subarray(at).equals(this.#needle.subarray(0, length));
    return isPartial ? at : bytes.length;
  }
}
