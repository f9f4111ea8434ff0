import { describe, expect, it } from 'vitest';
import { cpuTimeMs } from '../support/cpu-time.ts';
import { MarkedStream } from '../../src/transport/remote-loop.ts';

const MARK = 'osha-0123456789abcdef';

/** Splits a stream that arrives in pieces of `pieceBytes`. */
function split(
  stream: Buffer,
  pieceBytes: number,
): { readonly text: string; readonly messages: readonly string[] } {
  const pieces: Buffer[] = [];
  const messages: string[] = [];
  const marked = new MarkedStream(MARK, {
    bytes: (bytes) => pieces.push(bytes),
    message: (line) => messages.push(line),
  });
  for (let at = 0; at < stream.length; at += pieceBytes) marked.feed(stream.subarray(at, at + pieceBytes));
  return { text: Buffer.concat(pieces).toString('latin1'), messages };
}

describe('a stream of a remote loop', () => {
  const stream = Buffer.from(
    `\x1e${MARK} begin 1\nno line end\x1e${MARK} end 1 0\n\x1e\x1e${MARK.slice(0, -1)}x begin 2\n\x1e${MARK} lock held ann, run 7\n\xff\x1e`,
    'latin1',
  );

  it.each([1, 2, 7, 29, 1000])('is split in the same way in pieces of %i bytes', (pieceBytes) => {
    const { text, messages } = split(stream, pieceBytes);
    expect(messages).toEqual(['begin 1', 'end 1 0', 'lock held ann, run 7']);
    // The last byte could begin a mark, and is held back.
    expect(text).toBe(`no line end\x1e\x1e${MARK.slice(0, -1)}x begin 2\n\xff`);
  });

  it('passes on immediately what cannot belong to a mark', () => {
    expect(split(Buffer.from('50%'), 1000).text).toBe('50%');
  });

  it('is split in linear time, even if each byte could begin a mark', () => {
    const taken = cpuTimeMs(() => {
      expect(split(Buffer.alloc(20_000_000, 0x1e), 32_768).text).toHaveLength(19_999_999);
    });
    expect(taken).toBeLessThan(3000);
  });
});
